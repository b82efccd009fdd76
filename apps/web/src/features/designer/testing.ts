/** A commented definition of four roles, for tests. */
export const COMMENTED = `apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata:
  name: qwen-pd # the big one
  namespace: default
spec:
  replicas: 2 # two groups
  groupTemplate:
    roles:
      # holds the KV cache
      - role: kv-store
        template:
          spec:
            containers:
              - name: store
                image: mooncake-store:0.3.7 # pinned
      # reads the prompt
      - role: prefill
        replicas: 2
        dependencies: [kv-store] # the order
        template:
          spec:
            containers:
              - name: engine
                image: sglang:0.5.9
                ports:
                  - { name: http, containerPort: 8000 }
                resources:
                  limits: { nvidia.com/gpu: "4" } # a whole half node
      - role: decode
        replicas: 4
        dependencies:
          - kv-store # first
          - prefill # second
        template:
          spec:
            containers:
              - name: engine
                image: sglang:0.5.9
      # in front
      - role: router
        dependencies: [prefill, decode]
        onPodFailure: Ignore
        template:
          spec:
            containers:
              - name: router
                image: sglang-router:0.2.1
`;

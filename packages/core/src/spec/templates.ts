/** A set to begin from, in the gallery of the designer. */
export type SetTemplate = {
  readonly id: string;
  readonly name: string;
  /** One or two sentences: what it is and when to take it. */
  readonly description: string;
  /** Valid as it is; the comments are for whoever edits it. */
  readonly yaml: string;
};

/** The smallest set that shows what a group is: two roles, an order, two groups, each in one rack. */
export const MINIMAL_EXAMPLE = `apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata:
  name: demo-group
  namespace: default
spec:
  replicas: 2                     # two identical groups
  groupTemplate:
    roles:
      - role: prefill
        replicas: 2
        template:
          spec:
            containers:
              - name: engine
                image: lmsysorg/sglang:v0.5.9
                ports:
                  - name: http
                    containerPort: 8000
                resources:
                  requests: { cpu: "4", memory: 16Gi, nvidia.com/gpu: "1" }
                  limits: { nvidia.com/gpu: "1" }
      - role: decode
        replicas: 2
        dependencies: [prefill]   # created when both prefill pods are Ready
        template:
          spec:
            containers:
              - name: engine
                image: lmsysorg/sglang:v0.5.9
                ports:
                  - name: http
                    containerPort: 8000
                resources:
                  requests: { cpu: "4", memory: 16Gi, nvidia.com/gpu: "1" }
                  limits: { nvidia.com/gpu: "1" }
  placement:
    topology:
      key: topology.kubernetes.io/rack   # all pods of a group in one rack
`;

const AGGREGATED = `apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata:
  name: qwen-aggregated
  namespace: default
spec:
  replicas: 2
  groupTemplate:
    metadata:
      labels:
        model: qwen3-32b
    roles:
      # Every server answers whole requests: prefill and decode on the same GPUs.
      - role: server
        replicas: 2
        template:
          spec:
            containers:
              - name: vllm
                image: vllm/vllm-openai:v0.11.0
                command: [vllm, serve, Qwen/Qwen3-32B]
                args:
                  - --host=0.0.0.0
                  - --port=8000
                  - --tensor-parallel-size=4   # as many as nvidia.com/gpu below
                  - --max-model-len=32768
                ports:
                  - name: http
                    containerPort: 8000
                resources:
                  requests: { cpu: "16", memory: 128Gi, nvidia.com/gpu: "4" }
                  limits: { nvidia.com/gpu: "4" }
                # Loading the weights takes minutes: liveness begins when the start is over.
                startupProbe:
                  httpGet: { path: /health, port: http }
                  periodSeconds: 10
                  failureThreshold: 90
                readinessProbe:
                  httpGet: { path: /health, port: http }
                  periodSeconds: 5
                livenessProbe:
                  httpGet: { path: /health, port: http }
                  periodSeconds: 15
                  failureThreshold: 4
                volumeMounts:
                  - name: dshm
                    mountPath: /dev/shm
            volumes:
              - name: dshm                     # shared memory between the tensor-parallel ranks
                emptyDir: { medium: Memory, sizeLimit: 32Gi }
  placement:
    topology:
      key: topology.kubernetes.io/rack
`;

const sglangRole = (
  role: "prefill" | "decode",
  replicas: number,
  comment: string,
  order: string,
): string => `      # ${comment}
      - role: ${role}
        replicas: ${replicas}${order}
        template:
          spec:
            containers:
              - name: sglang
                image: lmsysorg/sglang:v0.5.9
                command: [python3, -m, sglang.launch_server]
                args:
                  - --model-path=Qwen/Qwen3-32B
                  - --host=0.0.0.0
                  - --port=8000
                  - --tp-size=4              # as many as nvidia.com/gpu below
                  - --disaggregation-mode=${role}
                ports:
                  - name: http
                    containerPort: 8000
                resources:
                  requests: { cpu: "16", memory: 128Gi, nvidia.com/gpu: "4" }
                  limits: { nvidia.com/gpu: "4" }
                startupProbe:
                  httpGet: { path: /health, port: http }
                  periodSeconds: 10
                  failureThreshold: 90
                readinessProbe:
                  httpGet: { path: /health, port: http }
                  periodSeconds: 5
                volumeMounts:
                  - name: dshm
                    mountPath: /dev/shm
            volumes:
              - name: dshm
                emptyDir: { medium: Memory, sizeLimit: 32Gi }
`;

const PREFILL_DECODE = `apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata:
  name: qwen-pd
  namespace: default
spec:
  replicas: 2
  groupTemplate:
    metadata:
      labels:
        model: qwen3-32b
    roles:
${sglangRole("prefill", 2, "Reads the prompt and hands its KV cache over to decode.", "")}
${sglangRole("decode", 2, "Writes the answer, token by token.", "\n        dependencies: [prefill]        # started when every prefill pod is Ready")}
  placement:
    topology:
      key: topology.kubernetes.io/rack   # the KV cache travels inside one rack
`;

const ROUTER_PREFILL_DECODE = `apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata:
  name: qwen-pd-router
  namespace: default
spec:
  replicas: 2
  groupTemplate:
    metadata:
      labels:
        model: qwen3-32b
    roles:
      # Takes the requests of clients and pairs a prefill with a decode server for each.
      - role: router
        replicas: 1
        dependencies: [prefill, decode]
        template:
          spec:
            containers:
              - name: router
                image: lmsysorg/sglang-router:v0.2.4
                command: [python3, -m, sglang_router.launch_router]
                # Every pod has a stable name: <group>-<role>-<number>.s-<group>-<role>
                args:
                  - --pd-disaggregation
                  - --prefill=http://$(RBG_GROUP_NAME)-prefill-0.s-$(RBG_GROUP_NAME)-prefill:8000
                  - --decode=http://$(RBG_GROUP_NAME)-decode-0.s-$(RBG_GROUP_NAME)-decode:8000
                  - --decode=http://$(RBG_GROUP_NAME)-decode-1.s-$(RBG_GROUP_NAME)-decode:8000
                  - --host=0.0.0.0
                  - --port=8000
                ports:
                  - name: http
                    containerPort: 8000
                  - name: metrics
                    containerPort: 29000
                resources:
                  requests: { cpu: "2", memory: 4Gi }
                readinessProbe:
                  httpGet: { path: /health, port: http }
                  periodSeconds: 5

${sglangRole("prefill", 1, "Reads the prompt and hands its KV cache over to decode.", "")}
${sglangRole("decode", 2, "Writes the answer, token by token.", "\n        dependencies: [prefill]        # started when every prefill pod is Ready")}
  placement:
    topology:
      key: topology.kubernetes.io/rack   # the KV cache travels inside one rack
  recovery:
    maxRecoveries: 5                     # then the group is Failed and waits for a person
`;

const multiNodeRole = (role: "prefill" | "decode", order: string): string => `      - role: ${role}
        replicas: 1${order}
        leaderWorker:
          size: 2                          # an instance is two pods on two nodes: a leader and a worker
        template:
          spec:
            containers:
              - name: sglang
                image: lmsysorg/sglang:v0.5.9
                command: [python3, -m, sglang.launch_server]
                args:
                  - --model-path=deepseek-ai/DeepSeek-V3
                  - --host=0.0.0.0
                  - --port=8000
                  - --tp-size=16             # over both nodes
                  - --nnodes=$(RBG_LWP_GROUP_SIZE)
                  - --node-rank=$(RBG_LWP_WORKER_INDEX)
                  - --dist-init-addr=$(RBG_LWP_LEADER_ADDRESS):20000
                  - --disaggregation-mode=${role}
                ports:
                  - name: http
                    containerPort: 8000
                resources:
                  requests: { cpu: "32", memory: 256Gi, nvidia.com/gpu: "8" }
                  limits: { nvidia.com/gpu: "8" }
                volumeMounts:
                  - name: dshm
                    mountPath: /dev/shm
            volumes:
              - name: dshm
                emptyDir: { medium: Memory, sizeLimit: 64Gi }
`;

const MULTI_NODE = `apiVersion: openpatio.io/v1alpha1
kind: RoleBasedGroupSet
metadata:
  name: deepseek-pd
  namespace: default
spec:
  replicas: 1
  groupTemplate:
    metadata:
      labels:
        model: deepseek-v3
    roles:
      # Reads the prompt. One instance spans two nodes and lives and dies as one.
${multiNodeRole("prefill", "")}
      # Writes the answer.
${multiNodeRole("decode", "\n        dependencies: [prefill]")}
  placement:
    topology:
      key: topology.kubernetes.io/rack
`;

export const SET_TEMPLATES: readonly SetTemplate[] = [
  {
    id: "minimal",
    name: "Minimal prefill and decode",
    description:
      "Two roles, two groups, one GPU per pod: the quickest way to see groups start in order, scale and heal.",
    yaml: MINIMAL_EXAMPLE,
  },
  {
    id: "aggregated",
    name: "Aggregated",
    description:
      "Servers that each do prefill and decode themselves (vLLM). The simplest way to serve a model on several GPUs.",
    yaml: AGGREGATED,
  },
  {
    id: "prefill-decode",
    name: "Prefill and decode",
    description:
      "Disaggregated serving (SGLang): prompts and answers on GPUs of their own, each scaled by itself, in one rack.",
    yaml: PREFILL_DECODE,
  },
  {
    id: "router-prefill-decode",
    name: "Router, prefill and decode",
    description:
      "A complete disaggregated unit (SGLang): a router in front that is started when prefill and decode are Ready.",
    yaml: ROUTER_PREFILL_DECODE,
  },
  {
    id: "multi-node",
    name: "Multi-node prefill and decode",
    description:
      "A model too large for one node (DeepSeek with SGLang): each instance is a leader and a worker on two nodes of eight GPUs.",
    yaml: MULTI_NODE,
  },
];

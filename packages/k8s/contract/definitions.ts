import type { KubeObject } from "@openpatio/core/model";

export const DEFINITIONS: readonly KubeObject[] = [
  {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "rolebasedgroups.openpatio.io" },
    spec: {
      group: "openpatio.io",
      scope: "Namespaced",
      names: {
        kind: "RoleBasedGroup",
        listKind: "RoleBasedGroupList",
        plural: "rolebasedgroups",
        singular: "rolebasedgroup",
        shortNames: ["rbg"],
      },
      versions: [
        {
          name: "v1alpha1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: {
                spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
                status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
              },
            },
          },
        },
      ],
    },
  },
];

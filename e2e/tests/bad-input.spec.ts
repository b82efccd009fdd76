import { once } from "node:events";
import http from "node:http";
import { expect, type OpenPatio, type Refused, test } from "./openpatio.ts";

type SetRow = { readonly namespace: string; readonly name: string };
type Preview = {
  readonly canApply: boolean;
  readonly groups: readonly { readonly then: string; readonly why: string; readonly refusals: readonly unknown[] }[];
  readonly checks: readonly { readonly level: string; readonly path: string | null; readonly message: string }[];
};

type RoleText = { readonly name: string; readonly after?: string; readonly gpus?: number; readonly extra?: string };

function setYaml(name: string, roles: readonly RoleText[], extra = ""): string {
  return [
    "apiVersion: openpatio.io/v1alpha1",
    "kind: RoleBasedGroupSet",
    `metadata: { name: ${name}, namespace: default }`,
    "spec:",
    "  groupTemplate:",
    "    roles:",
    ...roles.flatMap((role) => [
      `      - role: ${role.name}`,
      ...(role.after === undefined ? [] : [`        dependencies: [${role.after}]`]),
      "        template:",
      "          spec:",
      "            containers:",
      `              - { name: engine, image: "nginx:1.27", resources: { limits: { nvidia.com/gpu: ${role.gpus ?? 1} } } }`,
      ...(role.extra === undefined ? [] : [role.extra]),
    ]),
    extra,
  ].join("\n");
}

const kubeconfig = (server: string, user: string) => `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: "${server}" } }]
users: [{ name: u, user: ${user} }]
contexts: [{ name: x, context: { cluster: c, user: u } }]
current-context: x
`;

/** Applies through validate, preview and apply alike; all of them must refuse it. */
async function refusedEverywhere(app: OpenPatio, yaml: string): Promise<Refused> {
  for (const call of [
    () => app.query("sets.preview", { yaml, cluster: "sandbox-racks" }),
    () => app.mutate("sets.apply", { yaml, cluster: "sandbox-racks" }),
  ]) {
    const { status } = await app.refused(call());
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  }
  return app.refused(app.mutate("sets.apply", { yaml, cluster: "sandbox-racks" }));
}

const problemsOf = (refused: Refused) => refused.refusal.data?.problems ?? [];

test.describe("bad input is refused with its place, and leaves nothing behind", () => {
  let before: readonly SetRow[];
  let pid: number;
  const startedAt = async (app: OpenPatio) => (await app.query<{ startedAtMs: number }>("system.info")).startedAtMs;

  test.beforeEach(async ({ app }) => {
    before = await app.query<readonly SetRow[]>("sets.list");
    pid = await startedAt(app);
  });
  test.afterEach(async ({ app }) => {
    expect(await app.query<readonly SetRow[]>("sets.list"), "sets after bad input").toEqual(before);
    expect(await startedAt(app), "the server is the same process").toBe(pid);
  });

  test("a cycle is named role by role", async ({ app }) => {
    const roles = [
      { name: "router", after: "decode" },
      { name: "prefill", after: "router" },
      { name: "decode", after: "prefill" },
    ];
    const refused = await refusedEverywhere(app, setYaml("ring", roles));
    const text = problemsOf(refused)
      .map((problem) => problem.message)
      .join("\n");
    expect(text).toMatch(/router → \w+ → \w+ → router|prefill → \w+ → \w+ → prefill|decode → \w+ → \w+ → decode/);
  });

  test("unknown fields are named with their path and the field that was meant", async ({ app }) => {
    const yaml = setYaml("typo", [{ name: "prefill" }], "  placment: { strategy: Pack }").replace(
      "        template:",
      "        replica: 2\n        template:",
    );
    const problems = problemsOf(await refusedEverywhere(app, yaml));
    expect(problems.map((problem) => problem.path)).toEqual(
      expect.arrayContaining(["spec.placment", "spec.groupTemplate.roles[0].replica"]),
    );
    const text = problems.map((problem) => `${problem.message} ${problem.suggestion ?? ""}`).join("\n");
    expect(text).toContain("placement");
    expect(text).toContain("replicas");
  });

  test("names that would become too long are refused with the name that would arise", async ({ app }) => {
    const long = "a".repeat(45);
    const problems = problemsOf(await refusedEverywhere(app, setYaml(long, [{ name: "prefill" }])));
    expect(problems[0]?.message).toContain(`${long}-`);
    const tooLong = problemsOf(await refusedEverywhere(app, setYaml("b".repeat(300), [{ name: "prefill" }])));
    expect(tooLong.map((problem) => problem.path)).toContain("metadata.name");
  });

  test("duplicate roles are refused", async ({ app }) => {
    const problems = problemsOf(await refusedEverywhere(app, setYaml("twins", [{ name: "one" }, { name: "one" }])));
    expect(problems.map((problem) => problem.path)).toContain("spec.groupTemplate.roles[1].role");
  });

  test("all problems come at once", async ({ app }) => {
    const yaml = setYaml("many", [{ name: "one", after: "nobody" }, { name: "one" }], "  wrong: 1\n  replicas: -1");
    const paths = problemsOf(await refusedEverywhere(app, yaml)).map((problem) => problem.path);
    expect(paths.length).toBeGreaterThanOrEqual(4);
  });

  for (const [what, yaml] of [
    ["broken YAML", "apiVersion: openpatio.io/v1alpha1\nkind: [RoleBasedGroupSet\nmetadata:\n  name: x\n\t- y: {"],
    ["a text that is no mapping", "just some words"],
    ["nothing", ""],
    ["another kind", "apiVersion: v1\nkind: Secret\nmetadata: { name: x }"],
    ["prototype keys", setYaml("proto", [{ name: "one" }], '  __proto__: { polluted: true }\n  "constructor": 1')],
  ] as const) {
    test(`${what} is refused with a place`, async ({ app }) => {
      const refused = await refusedEverywhere(app, yaml);
      expect(problemsOf(refused).length).toBeGreaterThan(0);
    });
  }

  test("an alias bomb is refused quickly", async ({ app }) => {
    const letters = "abcdefghijklmnop".split("");
    const bomb = letters.map((letter, i) =>
      i === 0
        ? `${letter}: &${letter} [x, x, x, x, x, x, x, x, x]`
        : `${letter}: &${letter} [${Array.from({ length: 9 }, () => `*${letters[i - 1]}`).join(", ")}]`,
    );
    const refused = await refusedEverywhere(app, `${setYaml("bomb", [{ name: "one" }])}\n${bomb.join("\n")}\n`);
    expect(problemsOf(refused).length).toBeGreaterThan(0);
  });

  test("a paste of 5 MB is refused with the limit", async ({ app }) => {
    const yaml = `${setYaml("big", [{ name: "one" }])}\n${"# filler\n".repeat(600_000)}`;
    for (const procedure of ["sets.apply", "clusters.register"]) {
      const refused = await app.refused(app.mutate(procedure, { yaml, name: "big", kubeconfig: yaml }));
      expect(refused.status).toBe(413);
      expect(refused.message).toMatch(/MiB/);
    }
  });

  test("procedures with a wrong form are refused", async ({ app }) => {
    for (const input of [null, 5, "x", [], {}, { yaml: 5 }, { yaml: "a", namespace: "No Such" }]) {
      const { status } = await app.refused(app.mutate("sets.apply", input));
      expect(status).toBe(400);
    }
    const response = await fetch(`${app.url}/api/trpc/sets.apply`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{ not json",
    });
    expect(response.status).toBe(400);
  });

  test("a cluster that does not exist is named", async ({ app }) => {
    const yaml = setYaml("nowhere", [{ name: "one" }]);
    const refused = await app.refused(app.mutate("sets.apply", { yaml, cluster: "no-such-cluster" }));
    expect(refused.status).toBeLessThan(500);
    expect(refused.message).toContain("no-such-cluster");
  });

  test("what a cluster refuses is shown at its path in the definition", async ({ app }) => {
    const yaml = setYaml("refused", [{ name: "one" }]).replace(
      'image: "nginx:1.27"',
      'image: "nginx:1.27", command: 5',
    );
    const refused = await app.refused(app.mutate("sets.apply", { yaml, cluster: "sandbox-racks" }));
    expect(refused.status).toBeLessThan(500);
    expect(problemsOf(refused).map((problem) => problem.path)[0]).toContain("spec.groupTemplate.roles[0].template");
    const policy = setYaml("refused", [{ name: "one" }]).replace(
      "resources:",
      "imagePullPolicy: Sometimes, resources:",
    );
    const second = await app.refused(app.mutate("sets.apply", { yaml: policy, cluster: "sandbox-racks" }));
    expect(second.status).toBeLessThan(500);
    expect(problemsOf(second).map((problem) => problem.path)).toContain(
      "spec.groupTemplate.roles[0].template.spec.containers[0].imagePullPolicy",
    );
  });
});

test.describe("kubeconfigs that can't be used are refused with the remedy", () => {
  const register = (app: OpenPatio, text: string) =>
    app.refused(app.mutate("clusters.register", { name: "mine", kubeconfig: text }));

  test.afterEach(async ({ app }) => {
    const names = (await app.query<readonly { name: string }[]>("clusters.list")).map((cluster) => cluster.name);
    expect(names).toEqual(["sandbox-racks", "sandbox-zones"]);
  });

  test("an exec plugin", async ({ app }) => {
    const refused = await register(
      app,
      kubeconfig("https://127.0.0.1:9", "{ exec: { apiVersion: client.authentication.k8s.io/v1, command: touch } }"),
    );
    expect(refused.status).toBe(400);
    expect(refused.message + JSON.stringify(problemsOf(refused))).toMatch(/exec/);
  });

  test("an auth provider", async ({ app }) => {
    const refused = await register(app, kubeconfig("https://127.0.0.1:9", "{ auth-provider: { name: gcp } }"));
    expect(refused.status).toBe(400);
    expect(refused.message + JSON.stringify(problemsOf(refused))).toMatch(/auth-provider/);
  });

  test("a path to a file of the server", async ({ app }) => {
    const refused = await register(app, kubeconfig("https://127.0.0.1:9", "{ tokenFile: /etc/passwd }"));
    expect(refused.status).toBe(400);
    expect(refused.message + JSON.stringify(problemsOf(refused))).toMatch(/tokenFile/);
    expect(JSON.stringify(refused.refusal)).not.toContain("root:");
  });

  for (const [what, text] of [
    ["no YAML", "{ broken: ["],
    ["another document", "apiVersion: v1\nkind: Secret\n"],
    ["nothing", ""],
  ] as const) {
    test(what, async ({ app }) => {
      const refused = await register(app, text);
      expect(refused.status).toBe(400);
      expect(refused.message.length).toBeGreaterThan(20);
    });
  }

  test("a name that is taken, and one that is no name", async ({ app }) => {
    const text = kubeconfig("https://127.0.0.1:9", "{ token: secret-token }");
    const call = (name: string) => app.refused(app.mutate("clusters.register", { name, kubeconfig: text }));
    const taken = await call("sandbox-racks");
    expect(taken.status).toBe(409);
    expect(taken.message).toContain("Choose another name");
    expect((await call("No Name")).status).toBe(400);
  });
});

test.describe("a cluster that does not answer is refused, and nothing of it is stored", () => {
  const refused = async (app: OpenPatio, server: string) => {
    const text = kubeconfig(server, "{ token: secret-token }");
    const answer = await app.refused(app.mutate("clusters.register", { name: "silent", kubeconfig: text }));
    expect(answer.status).toBe(422);
    expect(answer.message).toContain(server);
    expect(JSON.stringify(answer)).not.toContain("secret-token");
    const rows = await app.query<{ name: string }[]>("clusters.list");
    expect(rows.map((row) => row.name)).not.toContain("silent");
    return answer.message;
  };

  test("with what was tried and what to do", async ({ app }) => {
    expect(await refused(app, "https://127.0.0.1:9")).toMatch(/does not answer.*Check the server's address/);
  });

  test("a server that is no Kubernetes likewise", async ({ app }) => {
    const stranger = http.createServer((_, response) => response.end("<html>hello</html>")).listen(0, "127.0.0.1");
    await once(stranger, "listening");
    const { port } = stranger.address() as { port: number };
    expect(await refused(app, `http://127.0.0.1:${port}`)).toContain("no JSON object");
    stranger.close();
    stranger.closeAllConnections();
  });
});

test("a set that fits nowhere can be applied, waits, and says why for each rack", async ({ app }) => {
  const yaml = setYaml(
    "giant",
    [{ name: "one", gpus: 9 }],
    "  placement: { topology: { key: topology.kubernetes.io/rack } }",
  );
  const preview = await app.query<Preview>("sets.preview", { yaml, cluster: "sandbox-racks" });
  expect(preview.groups[0]?.then).toBe("unplaced");
  expect(preview.groups[0]?.refusals).toHaveLength(6);
  expect(preview.groups[0]?.why).toMatch(/^No node can hold one-0: it asks for 9 GPUs/);
  expect(JSON.stringify(preview.groups[0]?.refusals[0])).toContain("nvidia.com/gpu");
  await app.mutate("sets.apply", { yaml, cluster: "sandbox-racks" });
  type State = {
    detail: { phase: string };
    groups: readonly { message: string | null; refusals: readonly unknown[] }[];
  };
  const key = { namespace: "default", name: "giant" };
  await app.until(async () => (await app.query<State>("sets.get", key)).groups.length === 1, "the group");
  await app.until(
    async () => ((await app.query<State>("sets.get", key)).groups[0]?.refusals.length ?? 0) === 6,
    "the reasons",
  );
  const state = await app.query<State>("sets.get", key);
  expect(state.detail.phase).toBe("Pending");
  expect(state.groups[0]?.message).toMatch(/^No node can hold one-0/);
  await app.mutate("sets.delete", key);
  await app.until(async () => (await app.query<readonly SetRow[]>("sets.list")).length === 0, "it to be gone");
});

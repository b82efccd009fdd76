import { DomainError } from "@openpatio/core/errors";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { parseKubeconfig } from "./credentials.ts";

/** A self-signed EC certificate of nobody, valid for ten years, and its key. */
const CERT =
  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJkakNDQVIyZ0F3SUJBZ0lVVDU0cGM3enVJdklIN0szVVZuTGVMSTJmSFkwd0NnWUlLb1pJemowRUF3SXcKRVRFUE1BMEdBMVVFQXd3R2JtOWliMlI1TUI0WERUSTJNVEV5TkRFeE1qRXpORm9YRFRNMk1URXlNVEV4TWpFegpORm93RVRFUE1BMEdBMVVFQXd3R2JtOWliMlI1TUZrd0V3WUhLb1pJemowQ0FRWUlLb1pJemowREFRY0RRZ0FFCi9rTlhQTUQ2eE5QTzlUZFd6RDBMa0F0WXNVRU9jYUNNbzM0Y1poR1BEZng2WUlTRk16VFUzR2xReUVnYXByMkoKc1ZvbENJQ0xhRmhNdElUZG16Lzd0Nk5UTUZFd0hRWURWUjBPQkJZRUZHdzFTRU5Oay9qUHg5OFczYWFLNEszSgpCemVLTUI4R0ExVWRJd1FZTUJhQUZHdzFTRU5Oay9qUHg5OFczYWFLNEszSkJ6ZUtNQThHQTFVZEV3RUIvd1FGCk1BTUJBZjh3Q2dZSUtvWkl6ajBFQXdJRFJ3QXdSQUlnRFRBRklWOWFndU9haURRNE1FVGhXUU1sY0pvdTVUTjUKWU1ta1llOWc3dDhDSUhMbWx0QldrSEc5RGgzamRUak5BQ3RaUEx2L2NOd21LRS9kN09YQ3JJREwKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";
const KEY =
  "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0tCk1IY0NBUUVFSU4wS0tUaFArSXNPT0FrRURBZURNa0dpbk55YjluMGRjQUZWSm5SYUw5M0xvQW9HQ0NxR1NNNDkKQXdFSG9VUURRZ0FFL2tOWFBNRDZ4TlBPOVRkV3pEMExrQXRZc1VFT2NhQ01vMzRjWmhHUERmeDZZSVNGTXpUVQozR2xReUVnYXByMkpzVm9sQ0lDTGFGaE10SVRkbXovN3R3PT0KLS0tLS1FTkQgRUMgUFJJVkFURSBLRVktLS0tLQo=";

type Fields = Readonly<Record<string, unknown>>;

function kubeconfig(
  options: { readonly cluster?: Fields; readonly user?: Fields; readonly root?: Fields } = {},
): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "main",
    contexts: [
      { name: "main", context: { cluster: "c", user: "u" } },
      { name: "other", context: { cluster: "c2", user: "u2" } },
    ],
    clusters: [
      { name: "c", cluster: { server: "https://api.example:6443", ...options.cluster } },
      { name: "c2", cluster: { server: "https://other.example" } },
    ],
    users: [
      { name: "u", user: { token: "s3cr3t-token", ...options.user } },
      { name: "u2", user: { exec: { command: "aws" } } },
    ],
    ...options.root,
  });
}

function refusal(text: string, options: Parameters<typeof parseKubeconfig>[1] = {}): DomainError {
  try {
    parseKubeconfig(text, options);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

test("takes the current context's cluster and user and nothing else", () => {
  const { server, contextName, kubeconfig: parsed } = parseKubeconfig(kubeconfig());
  expect({ server, contextName }).toEqual({
    server: "https://api.example:6443",
    contextName: "main",
  });
  expect(parsed.getCurrentUser()).toEqual({ name: "u", token: "s3cr3t-token" });
  expect(parsed.getUsers()).toHaveLength(1);
  expect(parsed.getCurrentCluster()).toMatchObject({ skipTLSVerify: false });
});

test("accepts embedded certificates", () => {
  const text = kubeconfig({
    cluster: { "certificate-authority-data": CERT, server: "https://10.0.0.1:6443/k8s/clusters/c-1/" },
    user: { token: undefined, "client-certificate-data": CERT, "client-key-data": KEY },
  });
  expect(parseKubeconfig(text).server).toBe("https://10.0.0.1:6443/k8s/clusters/c-1");
  expect(parseKubeconfig(text).kubeconfig.getCurrentUser()).toMatchObject({ certData: CERT, keyData: KEY });
});

test.each(["http://127.0.0.1:8001", "http://localhost:8001", "http://[::1]:8001"])(
  "accepts plain HTTP on this machine: %s",
  (server) => {
    expect(parseKubeconfig(kubeconfig({ cluster: { server } })).server).toBe(server);
  },
);

test.each([
  [
    "an exec plugin",
    { user: { exec: { command: "curl", args: ["evil"] } } },
    "users[0].user.exec",
    /Exec plugins are refused/,
  ],
  [
    "an auth provider",
    { user: { "auth-provider": { name: "oidc" } } },
    "users[0].user.auth-provider",
    /service account's token/,
  ],
  [
    "a CA file",
    { cluster: { "certificate-authority": "/etc/passwd" } },
    "clusters[0].cluster.certificate-authority",
    /certificate-authority-data/,
  ],
  [
    "a certificate file",
    { user: { "client-certificate": "/x", "client-key-data": "x", "client-certificate-data": "x" } },
    "users[0].user.client-certificate",
    /Embed the content/,
  ],
  ["a key file", { user: { "client-key": "/x" } }, "users[0].user.client-key", /client-key-data/],
  ["a token file", { user: { tokenFile: "/x" } }, "users[0].user.tokenFile", /Embed the content as token/],
  [
    "no verification",
    { cluster: { "insecure-skip-tls-verify": true } },
    "clusters[0].cluster.insecure-skip-tls-verify",
    /switched off/,
  ],
  ["a proxy", { cluster: { "proxy-url": "http://proxy:3128" } }, "clusters[0].cluster.proxy-url", /not supported yet/],
  [
    "impersonated groups",
    { user: { "as-groups": ["system:masters"] } },
    "users[0].user.as-groups",
    /not supported yet/,
  ],
  ["no server", { cluster: { server: "" } }, "clusters[0].cluster.server", /missing/],
  ["another protocol", { cluster: { server: "ftp://api.example" } }, "clusters[0].cluster.server", /https:\/\//],
  ["no URL", { cluster: { server: "api.example" } }, "clusters[0].cluster.server", /https:\/\//],
  [
    "plain HTTP to elsewhere",
    { cluster: { server: "http://api.example" } },
    "clusters[0].cluster.server",
    /this machine only/,
  ],
  [
    "credentials in the URL",
    { cluster: { server: "https://a:b@api.example" } },
    "clusters[0].cluster.server",
    /no credentials/,
  ],
  ["a certificate without a key", { user: { "client-certificate-data": "eA==" } }, "users[0].user", /both/],
  [
    "a CA that is none",
    { cluster: { "certificate-authority-data": "bm9uc2Vuc2U=" } },
    "clusters[0].cluster.certificate-authority-data",
    /PEM/,
  ],
  ["a missing user", { root: { users: [] } }, "contexts[0].context.user", /must name a user/],
  ["users that are no list", { root: { users: { a: 1 } } }, "users", /must be a list/],
  ["another kind", { root: { kind: "Pod" } }, "kind", /no kubeconfig/],
  ["no contexts", { root: { contexts: [] } }, "contexts", /no context/],
] as const)("refuses %s", (_, options, path, message) => {
  const error = refusal(kubeconfig(options));
  expect(error.code).toBe("kubeconfig.invalid");
  expect(error.problems.map((problem) => problem.path)).toContain(path);
  expect(error.problems.find((problem) => problem.path === path)?.message).toMatch(message);
});

test("reports everything that is wrong at once", () => {
  const text = kubeconfig({ cluster: { "proxy-url": "x", "certificate-authority": "x" }, user: { exec: {} } });
  expect(refusal(text).problems).toHaveLength(3);
});

test("goes without verification only when that is asked for", () => {
  const text = kubeconfig({ cluster: { "insecure-skip-tls-verify": true } });
  expect(parseKubeconfig(text, { allowInsecureTls: true }).kubeconfig.getCurrentCluster()?.skipTLSVerify).toBe(true);
});

test("judges only the context that is used", () => {
  expect(refusal(kubeconfig(), { context: "other" }).problems[0]?.path).toBe("users[1].user.exec");
});

test("lists the contexts when the wanted one is not there", () => {
  const error = refusal(kubeconfig(), { context: "nope" });
  expect(error.problems).toEqual([
    { path: "context", code: "value", message: "It has no context of that name. Choose one of: main, other." },
  ]);
  expect(refusal(kubeconfig({ root: { "current-context": "" } })).problems[0]?.message).toMatch(/main, other/);
});

test("repeats nothing of what it holds, whatever is wrong with it", () => {
  const texts = [
    "token: s3cr3t-token\n  bad: [indent",
    "users: [{name: u, user: {token: s3cr3t-token}}",
    `"s3cr3t-token`,
    kubeconfig({ cluster: { "certificate-authority-data": "s3cr3t-token" } }),
    kubeconfig({ user: { exec: { env: [{ name: "T", value: "s3cr3t-token" }] } } }),
    kubeconfig({ cluster: { server: "https://user:s3cr3t-token@api.example" } }),
    "- s3cr3t-token",
    "s3cr3t-token",
  ];
  for (const text of texts) {
    const error = refusal(text);
    expect(JSON.stringify([error.message, error.problems, error.params, String(error.cause)])).not.toContain("s3cr3t");
  }
});

test("says where the YAML breaks", () => {
  const error = refusal("apiVersion: v1\nusers: [a, b\nkind: Config\n");
  expect(error.problems[0]).toMatchObject({ code: "syntax", path: "", line: expect.any(Number) });
});

test("refuses what is too large, and aliases that multiply", () => {
  expect(refusal("#".repeat(256 * 1024 + 1)).code).toBe("input.too-large");
  const levels = ["a: &a [x,x,x,x,x,x,x,x,x]"];
  for (const [name, of] of ["ba", "cb", "dc", "ed", "fe", "gf"].map((pair) => [pair[0], pair[1]])) {
    levels.push(`${name}: &${name} [${Array(9).fill(`*${of}`).join(",")}]`);
  }
  expect(refusal(levels.join("\n")).code).toBe("kubeconfig.invalid");
});

test("refuses what would take the parser seconds, while hundreds of contexts are welcome", () => {
  for (const text of ["[".repeat(100_000), `a: [${"{b: 1},".repeat(30_000)}]`, "- a\n".repeat(60_000)]) {
    expect(refusal(text).problems).toMatchObject([{ code: "too-large" }]);
  }
  const contexts = Array.from({ length: 500 }, (_, index) => ({
    name: `c${index}`,
    context: { cluster: "c", user: "u" },
  }));
  const error = refusal(kubeconfig({ root: { contexts } }));
  expect(error.message).toMatch(/c0, c1, .*c19, …/);
  expect(parseKubeconfig(kubeconfig({ root: { contexts } }), { context: "c7" }).contextName).toBe("c7");
});

test("refuses a token that no header can carry, without repeating it", () => {
  for (const token of ["s3cr3t\u0000x", "s3cr3t\r\nX-Evil: 1", "s3cr3t ключ"]) {
    const error = refusal(kubeconfig({ user: { token } }));
    expect(error.problems).toMatchObject([{ path: "users[0].user.token", code: "value" }]);
    expect(error.message).not.toContain("s3cr3t");
  }
  expect(parseKubeconfig(kubeconfig({ user: { token: "s3cr3t-token\n" } })).server).toBe("https://api.example:6443");
});

import { createSecureContext } from "node:tls";
import { KubeConfig } from "@kubernetes/client-node";
import { DomainError } from "@openpatio/core/errors";
import { type Fields, isRecord } from "@openpatio/core/model";
import type { Problem } from "@openpatio/core/spec";
import { Lexer, parseDocument } from "yaml";

/**
 * Reads an uploaded kubeconfig. It is untrusted input on a server: what it names must never run a program, read a file
 * of this machine or switch verification off without somebody having said so, and no message may repeat what it holds.
 */

/** kubeconfigs of a few hundred contexts stay below this; anything larger is a mistake or an attack. */
export const MAX_KUBECONFIG_BYTES = 256 * 1024;
/** Bounds the time that hostile text of that size can take; a thousand contexts with certificates have fewer. */
const MAX_TOKENS = 30_000;
const MAX_BRACKETS = 64;
/** Names that a message lists. */
const MAX_LISTED = 20;

export type ClusterCredentials = {
  readonly server: string;
  readonly contextName: string;
  /** Holds the chosen context, its cluster and its user, nothing else. */
  readonly kubeconfig: KubeConfig;
};

export type KubeconfigOptions = {
  /** Name of the context to use; by default the file's current-context, or its only one. */
  readonly context?: string | undefined;
  /** Accept `insecure-skip-tls-verify: true`: whoever sits between can read and change everything. */
  readonly allowInsecureTls?: boolean | undefined;
};

type Entry = { readonly name: string; readonly path: string; readonly body: Fields };

/**
 * Errors: DomainError `kubeconfig.invalid` (or `input.too-large`) with a problem and a remedy per path. Tokens, keys and
 * the text around a syntax error are never repeated.
 */
export function parseKubeconfig(text: string, options: KubeconfigOptions = {}): ClusterCredentials {
  if (new TextEncoder().encode(text).byteLength > MAX_KUBECONFIG_BYTES) {
    throw new DomainError(
      "input.too-large",
      "The kubeconfig is larger than 256 KiB. Upload one with only the context that is needed: kubectl config view --minify --flatten --raw.",
      { params: { maxBytes: MAX_KUBECONFIG_BYTES } },
    );
  }
  const problems: Problem[] = [];
  const root = parseYaml(text);
  const contexts = entriesOf(root, "contexts", "context", problems);
  const clusters = entriesOf(root, "clusters", "cluster", problems);
  const users = entriesOf(root, "users", "user", problems);
  failIf(problems);

  const context = chooseContext(root, contexts, options.context);
  const cluster = referenced(context, "cluster", clusters, problems);
  const user = referenced(context, "user", users, problems);
  if (cluster !== undefined) checkCluster(cluster, options.allowInsecureTls === true, problems);
  if (user !== undefined) checkUser(user, problems);
  failIf(problems);
  if (cluster === undefined || user === undefined) throw new Error("a missing reference is a problem");

  const url = new URL(textOf(cluster.body, "server") ?? "");
  const server = url.toString().replace(/\/$/, "");
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromOptions({
    currentContext: context.name,
    contexts: [{ name: context.name, cluster: cluster.name, user: user.name }],
    clusters: [{ name: cluster.name, server, ...clusterFields(cluster.body, url) }],
    users: [{ name: user.name, ...userFields(user.body) }],
  });
  checkKeyMaterial(cluster, user);
  return { server, contextName: context.name, kubeconfig };
}

function parseYaml(text: string): Fields {
  if (isCostly(text)) {
    throw invalid([
      {
        path: "",
        code: "too-large",
        message:
          "It has far more parts, or deeper ones, than a kubeconfig needs. Upload one with only the context that is needed: kubectl config view --minify --flatten --raw.",
      },
    ]);
  }
  const document = parseDocument(text, { prettyErrors: true, logLevel: "silent" });
  const error = document.errors[0];
  if (error !== undefined) {
    // The parser's own message quotes the text around the error, which may be a key.
    const at = error.linePos?.[0];
    const where = at === undefined ? "" : ` at line ${at.line}, column ${at.col}`;
    throw invalid([
      {
        path: "",
        code: "syntax",
        message: `This is not valid YAML${where}. Paste the complete file, as kubectl config view --flatten --raw prints it.`,
        ...(at === undefined ? {} : { line: at.line, column: at.col }),
      },
    ]);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    throw invalid([
      { path: "", code: "too-large", message: "It repeats its own parts (YAML aliases) too often. Write them out." },
    ]);
  }
  if (!isRecord(value)) {
    throw invalid([{ path: "", code: "type", message: "This is no kubeconfig: a mapping with clusters is expected." }]);
  }
  if (value["kind"] !== undefined && value["kind"] !== "Config") {
    throw invalid([{ path: "kind", code: "value", message: "This is no kubeconfig: its kind must be Config." }]);
  }
  return value;
}

/** The parser takes seconds for a quarter of a megabyte of brackets or commas; its lexer does not. */
function isCostly(text: string): boolean {
  let tokens = 0;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    if (token === "[" || token === "{") depth += 1;
    else if (token === "]" || token === "}") depth -= 1;
    if (tokens > MAX_TOKENS || depth > MAX_BRACKETS) return true;
  }
  return false;
}

function entriesOf(root: Fields, list: string, key: string, problems: Problem[]): readonly Entry[] {
  const value = root[list] ?? [];
  if (!Array.isArray(value)) {
    problems.push({ path: list, code: "type", message: `${list} must be a list of {name, ${key}}.` });
    return [];
  }
  const entries: Entry[] = [];
  for (const [index, item] of value.entries()) {
    const name = isRecord(item) ? item["name"] : undefined;
    const body = isRecord(item) ? (item[key] ?? {}) : undefined;
    if (typeof name === "string" && isRecord(body)) entries.push({ name, path: `${list}[${index}].${key}`, body });
    else problems.push({ path: `${list}[${index}]`, code: "type", message: `An entry must have a name and a ${key}.` });
  }
  return entries;
}

function chooseContext(root: Fields, contexts: readonly Entry[], wanted: string | undefined): Entry {
  const names = contexts.slice(0, MAX_LISTED).map((context) => context.name);
  const known = names.join(", ") + (contexts.length > MAX_LISTED ? ", …" : "");
  if (contexts.length === 0) {
    throw invalid([
      { path: "contexts", code: "value", message: "It has no context. Add one with a cluster and a user." },
    ]);
  }
  const current = root["current-context"];
  const name = wanted ?? (typeof current === "string" && current !== "" ? current : undefined);
  const path = wanted === undefined ? "current-context" : "context";
  if (name === undefined) {
    const only = contexts.length === 1 ? contexts[0] : undefined;
    if (only !== undefined) return only;
    throw invalid([{ path, code: "value", message: `It has no current-context. Choose one of: ${known}.` }]);
  }
  const found = contexts.find((context) => context.name === name);
  if (found === undefined) {
    throw invalid([{ path, code: "value", message: `It has no context of that name. Choose one of: ${known}.` }]);
  }
  return found;
}

function referenced(
  context: Entry,
  key: "cluster" | "user",
  entries: readonly Entry[],
  problems: Problem[],
): Entry | undefined {
  const name = textOf(context.body, key);
  const found = entries.find((entry) => entry.name === name);
  if (found === undefined) {
    problems.push({
      path: `${context.path}.${key}`,
      code: "value",
      message: `The context "${context.name}" must name a ${key} that is in the file.`,
    });
  }
  return found;
}

function checkCluster(cluster: Entry, allowInsecureTls: boolean, problems: Problem[]): void {
  const { path, body } = cluster;
  const server = textOf(body, "server");
  const url = server === undefined ? null : parseUrl(server);
  if (server === undefined) {
    problems.push({ path: `${path}.server`, code: "value", message: "The URL of the API server is missing." });
  } else if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    problems.push({ path: `${path}.server`, code: "value", message: "The server must be an https:// URL." });
  } else if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    problems.push({
      path: `${path}.server`,
      code: "value",
      message: "The server's URL must have no credentials and no query. Put a token into the user instead.",
    });
  } else if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    problems.push({
      path: `${path}.server`,
      code: "value",
      message:
        "Plain http:// is accepted for this machine only: credentials would cross the network unprotected. Use https://.",
    });
  }
  if (body["insecure-skip-tls-verify"] === true && url?.protocol !== "http:" && !allowInsecureTls) {
    problems.push({
      path: `${path}.insecure-skip-tls-verify`,
      code: "unsupported",
      message: "Verification of the server is switched off. Embed its CA as certificate-authority-data instead.",
    });
  }
  if (body["certificate-authority"] !== undefined) {
    problems.push(fileReference(`${path}.certificate-authority`, "certificate-authority-data"));
  }
  if (body["proxy-url"] !== undefined) {
    problems.push({
      path: `${path}.proxy-url`,
      code: "unsupported",
      message: "Proxies are not supported yet. Remove proxy-url and make the API server reachable from here.",
    });
  }
}

function checkUser(user: Entry, problems: Problem[]): void {
  const { path, body } = user;
  if (body["exec"] !== undefined) {
    problems.push({
      path: `${path}.exec`,
      code: "unsupported",
      message:
        "Exec plugins are refused: they would run a program on this server. Use a service account's token (kubectl create token NAME --duration=8760h).",
    });
  }
  if (body["auth-provider"] !== undefined) {
    problems.push({
      path: `${path}.auth-provider`,
      code: "unsupported",
      message: "Auth providers are refused: they are outdated and run code here. Use a service account's token.",
    });
  }
  if (body["client-certificate"] !== undefined) {
    problems.push(fileReference(`${path}.client-certificate`, "client-certificate-data"));
  }
  if (body["client-key"] !== undefined) problems.push(fileReference(`${path}.client-key`, "client-key-data"));
  if (body["tokenFile"] !== undefined) problems.push(fileReference(`${path}.tokenFile`, "token"));
  for (const key of ["as-groups", "as-uid", "as-user-extra"]) {
    if (body[key] === undefined) continue;
    problems.push({
      path: `${path}.${key}`,
      code: "unsupported",
      message: `${key} is not supported yet: the requests would run with other rights than it says. Use a user of its own.`,
    });
  }
  for (const key of ["token", "as"]) {
    if (/^[\x20-\x7e]*$/.test(textOf(body, key)?.trim() ?? "")) continue;
    problems.push({
      path: `${path}.${key}`,
      code: "value",
      message: `${key} has characters that can't be sent in a request. Copy it again, complete and in one line.`,
    });
  }
  if ((body["client-certificate-data"] === undefined) !== (body["client-key-data"] === undefined)) {
    problems.push({
      path,
      code: "value",
      message: "A client certificate needs both client-certificate-data and client-key-data.",
    });
  }
}

function fileReference(path: string, replacement: string): Problem {
  return {
    path,
    code: "unsupported",
    message: `It names a file, which would be read from this server. Embed the content as ${replacement}: kubectl config view --minify --flatten --raw.`,
  };
}

function clusterFields(body: Fields, url: URL): Fields {
  // client-node refuses http:// unless verification is off; there is nothing to verify on plain loopback. With TLS,
  // naming the host makes it use a connection pool of its own rather than the process-wide one.
  const isPlain = url.protocol === "http:";
  const serverName = textOf(body, "tls-server-name") ?? (isPlain || isAddress(url.hostname) ? undefined : url.hostname);
  const caData = textOf(body, "certificate-authority-data");
  return {
    skipTLSVerify: isPlain || body["insecure-skip-tls-verify"] === true,
    ...(caData === undefined ? {} : { caData }),
    ...(serverName === undefined ? {} : { tlsServerName: serverName }),
  };
}

function userFields(body: Fields): Fields {
  const names = {
    token: "token",
    certData: "client-certificate-data",
    keyData: "client-key-data",
    username: "username",
    password: "password",
    impersonateUser: "as",
  };
  const fields: Record<string, string> = {};
  for (const [field, key] of Object.entries(names)) {
    const value = textOf(body, key);
    if (value !== undefined) fields[field] = value.trim();
  }
  return fields;
}

/** A certificate or key that cannot be used shows now, not as a failed connection later. */
function checkKeyMaterial(cluster: Entry, user: Entry): void {
  const problems: Problem[] = [];
  const decode = (entry: Entry, key: string): string | undefined => {
    const value = textOf(entry.body, key);
    if (value === undefined) return undefined;
    const pem = Buffer.from(value, "base64").toString("latin1");
    if (pem.includes("-----BEGIN ")) return pem;
    problems.push({
      path: `${entry.path}.${key}`,
      code: "value",
      message: `${key} must be a PEM block, encoded with base64. Copy it again, complete.`,
    });
    return undefined;
  };
  const ca = decode(cluster, "certificate-authority-data");
  const cert = decode(user, "client-certificate-data");
  const key = decode(user, "client-key-data");
  failIf(problems);
  const usable = (material: { ca?: string; cert?: string; key?: string }): boolean => {
    try {
      createSecureContext(material);
      return true;
    } catch {
      return false;
    }
  };
  if (ca !== undefined && !usable({ ca })) {
    problems.push({
      path: `${cluster.path}.certificate-authority-data`,
      code: "value",
      message: "certificate-authority-data holds no certificate that can be read. Copy it again, complete.",
    });
  }
  if (cert !== undefined && key !== undefined && !usable({ cert, key })) {
    problems.push({
      path: user.path,
      code: "value",
      message: "client-certificate-data and client-key-data do not belong together or are damaged. Copy both again.",
    });
  }
  failIf(problems);
}

function textOf(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

const isAddress = (host: string): boolean => host.startsWith("[") || /^[0-9.]+$/.test(host);
const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);

function invalid(problems: readonly Problem[]): DomainError {
  const first = problems[0];
  const where = first === undefined || first.path === "" ? "" : `${first.path}: `;
  const message = first === undefined ? "This kubeconfig can't be used." : `${where}${first.message}`;
  return new DomainError("kubeconfig.invalid", message, { problems });
}

function failIf(problems: readonly Problem[]): void {
  if (problems.length > 0) throw invalid(problems);
}

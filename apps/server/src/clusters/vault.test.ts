import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { openVault, Vault } from "./vault.ts";

test("what is sealed opens again, and does not show its secret", () => {
  const vault = new Vault(randomBytes(32));
  const sealed = vault.seal("north", "token: s3cret");
  expect(Buffer.from(sealed).includes("s3cret")).toBe(false);
  expect(vault.open("north", sealed)).toBe("token: s3cret");
});

test("another key, another cluster's row or a changed byte does not open", () => {
  const vault = new Vault(randomBytes(32));
  const sealed = vault.seal("north", "secret");
  expect(() => new Vault(randomBytes(32)).open("north", sealed)).toThrow("can't be decrypted");
  expect(() => vault.open("south", sealed)).toThrow("can't be decrypted");
  const changed = Uint8Array.from(sealed);
  changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
  expect(() => vault.open("north", changed)).toThrow("can't be decrypted");
});

test("the key file is made once, and only we may read it", () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), "openpatio-vault-"));
  try {
    const sealed = openVault(dir, null).seal("north", "secret");
    expect(openVault(dir, null).open("north", sealed)).toBe("secret");
    expect(statSync(path.join(dir, "kubeconfig.key")).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

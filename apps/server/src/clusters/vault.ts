import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const FORMAT = 1;
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts kubeconfigs at rest with AES-256-GCM. The cluster's name is authenticated too, so that one row's secret can't
 * be put into another row. Stored as format byte, iv, tag, ciphertext.
 */
export class Vault {
  private readonly key: Buffer;

  constructor(key: Buffer) {
    if (key.length !== KEY_BYTES) throw new Error(`the key must be ${KEY_BYTES} bytes, this one has ${key.length}`);
    this.key = key;
  }

  seal(name: string, secret: string): Uint8Array {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.key, iv);
    cipher.setAAD(Buffer.from(name));
    const text = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
    return Buffer.concat([Buffer.from([FORMAT]), iv, cipher.getAuthTag(), text]);
  }

  /** Errors: Error when the key is another one or the bytes were changed. */
  open(name: string, sealed: Uint8Array): string {
    const bytes = Buffer.from(sealed);
    if (bytes[0] !== FORMAT) throw new Error(`unknown format ${bytes[0]} of a stored kubeconfig`);
    const iv = bytes.subarray(1, 1 + IV_BYTES);
    const tag = bytes.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES);
    const decipher = createDecipheriv("aes-256-gcm", this.key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(name));
    decipher.setAuthTag(tag);
    try {
      return decipher.update(bytes.subarray(1 + IV_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    } catch {
      throw new Error(
        `the kubeconfig of ${name} can't be decrypted: the key is not the one it was stored with. Put back the file kubeconfig.key of the data folder, or OPENPATIO_KEY`,
      );
    }
  }
}

/** The key given by the environment (base64 of 32 bytes), else the key file, made at first use and readable by us only. */
export function openVault(dataDir: string, key: string | null): Vault {
  if (key !== null) return new Vault(Buffer.from(key, "base64"));
  const file = path.join(dataDir, "kubeconfig.key");
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file, randomBytes(KEY_BYTES).toString("base64"), { mode: 0o600, flag: "wx" });
  }
  chmodSync(file, 0o600);
  return new Vault(Buffer.from(readFileSync(file, "utf8"), "base64"));
}

// The keys of seals. They are the product's own and never reach the database: whoever can write there can't seal.
import { invalid } from "../input.ts";

/** Options of sealing. */
export interface SealOptions {
  /** Names the key that signs now, so that it can be replaced: 1 to 64 letters, digits, `.`, `_` and `-`. */
  readonly keyId: string;
  /** The key: at least 32 characters or bytes of randomness. */
  readonly key: string | Uint8Array;
  /** Keys that signed before, by their id: kept for as long as their seals are to be verified. */
  readonly olderKeys?: Readonly<Record<string, string | Uint8Array>> | undefined;
}

export interface SealKeys {
  readonly currentId: string;
  readonly byId: ReadonlyMap<string, string | Uint8Array>;
}

/** Checks the options. @throws invalid_request */
export function sealKeys({ keyId, key, olderKeys = {} }: SealOptions): SealKeys {
  const byId = new Map([...Object.entries(olderKeys), [keyId, key] as const]);
  for (const [id, secret] of byId) {
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(id)) {
      throw invalid("a seal's keyId must be 1 to 64 letters, digits, dots, underscores and hyphens.");
    }
    if (secret.length < 32) throw invalid(`the seal key ${id} must have at least 32 characters or bytes.`);
  }
  if (keyId in olderKeys) throw invalid(`the seal key ${keyId} is the present one and among the older ones.`);
  return { currentId: keyId, byId };
}

/** A range of an account's entries, as it is signed. */
export interface SealedRange {
  readonly accountId: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** SHA-256 over the entries, in hexadecimal; see sql/30_seal.sql for the exact text. */
  readonly digest: string;
  /** The seal before it in the account, in hexadecimal; empty for the first. */
  readonly previous: string;
}

// node:crypto is asked for and not imported, for bundles of other runtimes. SubtleCrypto takes many times as long for a text
// this short, and a verification has one for each seal of the ledger.

/** Signs a range: HMAC-SHA-256 over version, key id, account, range, digest and the seal before it, one a line. */
export function sign(keys: SealKeys, keyId: string, range: SealedRange): Buffer | undefined {
  const key = keys.byId.get(keyId);
  if (key === undefined) return undefined;
  const { accountId, fromSeq, toSeq, digest, previous } = range;
  const text = ["tallystick-seal-v1", keyId, accountId, fromSeq, toSeq, digest, previous].join("\n");
  return process.getBuiltinModule("node:crypto").createHmac("sha256", key).update(text).digest();
}

/** Whether a seal is this range's; undefined: its key is not known. */
export function isSealOf(keys: SealKeys, keyId: string, range: SealedRange, seal: string): boolean | undefined {
  const expected = sign(keys, keyId, range);
  if (expected === undefined) return undefined;
  const given = Buffer.from(seal, "hex");
  return given.length === expected.length && process.getBuiltinModule("node:crypto").timingSafeEqual(given, expected);
}

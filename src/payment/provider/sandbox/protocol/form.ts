// Stripe's form encoding: a[b][0]=c and a[][b]=c, read into nested hashes. A list is a hash whose keys are its indexes.

export interface Form {
  readonly [key: string]: string | Form;
}

type Hash = Record<string, string | object>;

// Of what a person or an SDK sends, nothing is nested deeper; a bound for what nobody should send.
const MAX_DEPTH = 8;

/** Reads a query string or a body; what is malformed reads as text. */
export function parseForm(text: string): Form {
  const root = createHash();
  for (const [key, value] of new URLSearchParams(text)) put(root, pathOf(key), value);
  return root as Form;
}

// Without a prototype, so that no key of the request can reach one.
function createHash(): Hash {
  return Object.create(null) as Hash;
}

function pathOf(key: string): readonly string[] {
  return key.replaceAll("]", "").split("[").slice(0, MAX_DEPTH);
}

function put(hash: Hash, [segment = "", ...rest]: readonly string[], value: string): void {
  const key = segment === "" ? appendedKey(hash, rest[0]) : segment;
  if (rest.length === 0) {
    hash[key] = value;
    return;
  }
  const child = hash[key];
  const next = typeof child === "object" ? (child as Hash) : createHash();
  hash[key] = next;
  put(next, rest, value);
}

// a[][b]=1&a[][c]=2 are one item, and the second b begins another.
function appendedKey(hash: Hash, following: string | undefined): string {
  const count = Object.keys(hash).length;
  const last = hash[String(count - 1)];
  const continues = following !== undefined && typeof last === "object" && !(following in last);
  return String(continues ? count - 1 : count);
}

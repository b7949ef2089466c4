// Typed reading of a request's parameters, with Stripe's errors. An empty text unsets, so it reads as null.
import type { Form } from "./form.ts";
import { invalid, missingParameter } from "./refusal.ts";

export interface Params {
  /** Whether the parameter was sent at all, also empty. */
  has(name: string): boolean;
  text(name: string): string | null;
  /** @throws Refusal parameter_missing */
  required(name: string): string;
  integer(name: string): number | null;
  requiredInteger(name: string): number;
  flag(name: string): boolean | null;
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | null;
  /** A hash; an empty one when it was not sent. */
  nested(name: string): Params;
  /** A list of hashes. */
  many(name: string): readonly Params[];
  /** A list of texts, also where one text alone was sent. */
  texts(name: string): readonly string[];
  /** The metadata as it becomes: sent keys replace, empty ones remove, an empty whole removes all. */
  metadata(current?: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  readonly names: readonly string[];
}

/** Reads a form; `prefix` is how its parameters are named in errors. */
export function createParams(form: Form, prefix = ""): Params {
  const pathOf = (name: string): string => (prefix === "" ? name : `${prefix}[${name}]`);
  const text = (name: string): string | null => {
    const value = form[name];
    if (typeof value === "object") throw invalid(`Invalid string: ${pathOf(name)} is a hash.`, { param: pathOf(name) });
    return value === undefined || value === "" ? null : value;
  };
  const required = <T>(value: T | null, name: string): T => {
    if (value === null) throw missingParameter(pathOf(name));
    return value;
  };
  const integer = (name: string): number | null => {
    const given = text(name);
    if (given === null) return null;
    const value = /^-?\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    if (Number.isNaN(value)) throw invalid(`Invalid integer: ${given}`, { param: pathOf(name) });
    return value;
  };
  const items = (name: string): readonly (readonly [string, string | Form])[] => {
    const value = form[name];
    if (value === undefined || value === "") return [];
    return typeof value === "string" ? [["0", value]] : Object.entries(value);
  };
  return {
    names: Object.keys(form),
    has: (name) => name in form,
    text,
    required: (name) => required(text(name), name),
    integer,
    requiredInteger: (name) => required(integer(name), name),
    flag(name) {
      const given = text(name);
      if (given === null) return null;
      if (given !== "true" && given !== "false") throw invalid(`Invalid boolean: ${given}`, { param: pathOf(name) });
      return given === "true";
    },
    choice(name, choices) {
      const given = text(name);
      if (given === null) return null;
      const choice = choices.find((candidate) => candidate === given);
      if (choice === undefined) {
        throw invalid(`Invalid ${pathOf(name)}: must be one of ${choices.join(", ")}`, { param: pathOf(name) });
      }
      return choice;
    },
    nested(name) {
      const value = form[name];
      return createParams(typeof value === "object" ? value : {}, pathOf(name));
    },
    many: (name) =>
      items(name).map(([index, value]) =>
        createParams(typeof value === "object" ? value : {}, `${pathOf(name)}[${index}]`),
      ),
    texts: (name) => items(name).flatMap(([, value]) => (typeof value === "string" && value !== "" ? [value] : [])),
    metadata(current = {}) {
      const sent = form["metadata"];
      if (sent === undefined) return current;
      if (typeof sent === "string") return {};
      const merged = { ...current, ...sent };
      const kept = Object.entries(merged).flatMap(([key, value]) =>
        typeof value === "string" && value !== "" ? [[key, value] as const] : [],
      );
      return Object.fromEntries(kept);
    },
  };
}

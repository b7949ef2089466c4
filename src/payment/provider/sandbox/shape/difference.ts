// What an update changed, as Stripe tells it: the former values of the fields that differ. Hashes are compared field by
// field, lists as wholes.
import { isRecord, type Json } from "../../stripe/read.ts";

/** The former values of what differs; a field that is new is null. */
export function formerValues(before: Json, after: Json): Json {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const former = [...names].flatMap((name): [string, unknown][] => {
    const [was, is] = [before[name], after[name]];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    if (isRecord(was) && isRecord(is)) return [[name, formerValues(was, is)]];
    return [[name, was ?? null]];
  });
  return Object.fromEntries(former);
}

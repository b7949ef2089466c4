// The mutants of a function: each has one change.
import { changedOrders, droppedConditions, droppedStatements, droppedWrites } from "./clauses.ts";
import { wordChanges, type Change } from "./operators.ts";
import { tokensOf } from "./sql-tokens.ts";
import type { Target } from "./targets.ts";

export interface Mutant {
  readonly target: Target;
  /** The changed lines with what was changed, as `before {was → is} after`; unique in its function. */
  readonly name: string;
  /** The whole statement that installs it. */
  readonly sql: string;
}

export function mutantsOf(target: Target): Mutant[] {
  const { body } = target;
  const tokens = tokensOf(body);
  const changes = [
    ...wordChanges(tokens, body),
    ...droppedConditions(tokens),
    ...droppedWrites(tokens),
    ...changedOrders(tokens, body),
    ...(target.language === "plpgsql" ? droppedStatements(tokens) : []),
  ].toSorted((a, b) => a.start - b.start || a.end - b.end);
  const named = new Map<string, number>();
  const written = new Set<string>();
  return changes.flatMap((change) => {
    const changed = body.slice(0, change.start) + change.text + body.slice(change.end);
    if (written.has(changed)) return [];
    written.add(changed);
    const shown = nameOf(body, change);
    const nth = (named.get(shown) ?? 0) + 1;
    named.set(shown, nth);
    const name = nth === 1 ? shown : `${shown} #${nth}`;
    return [{ target, name, sql: target.head + changed + target.tail }];
  });
}

export function original({ head, body, tail }: Target): string {
  return head + body + tail;
}

function nameOf(body: string, { start, end, text }: Change): string {
  const before = body.slice(body.lastIndexOf("\n", start - 1) + 1, start).trimStart();
  const lineEnd = body.indexOf("\n", end);
  const after = body.slice(end, lineEnd === -1 ? body.length : lineEnd).trimEnd();
  return `${before}{${oneLine(body.slice(start, end))} → ${oneLine(text)}}${after}`;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 60 ? `${line.slice(0, 40)} … ${line.slice(-16)}` : line;
}

// Changes of single words and symbols: comparisons, arithmetic, bounds, constants, defaults, joins, negations.
import { closingOf, type Token } from "./sql-tokens.ts";

/** A piece of a function's body and what stands there instead. */
export interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const swaps: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "<>": ["="],
  "=": ["<>"],
  "+": ["-"],
  "*": ["+"],
  and: ["or"],
  or: ["and"],
  true: ["false"],
  false: ["true"],
  "0": ["1"],
  "1": ["0", "2"],
  "9007199254740991": ["9007199254740990"],
};

/** Words that are functions only before a parenthesis. */
const functions: Readonly<Record<string, readonly string[]>> = {
  least: ["greatest"],
  greatest: ["least"],
  min: ["max"],
  max: ["min"],
  sum: ["max"],
};

export function wordChanges(tokens: readonly Token[], body: string): Change[] {
  return tokens.flatMap((token, index) => {
    const before = tokens[index - 1]?.text ?? "";
    const after = tokens[index + 1]?.text ?? "";
    const put = (text: string, last = index): Change => ({ start: token.start, end: tokens[last]?.end ?? 0, text });
    if (token.kind === "string") return before === "interval" ? [put("'0'")] : [];
    if (token.text === "-") return isOperand(tokens[index - 1]) ? [put("+")] : [put("")];
    if (token.text in functions && after === "(" && before !== ".")
      return (functions[token.text] ?? []).map((text) => put(text));
    if (token.text === "*" && !isOperand(tokens[index - 1])) return [];
    if (token.text === "=" && isAssignment(tokens, index)) return [];
    if (token.text === "and" && isBetween(tokens, index)) return [];
    if (token.text === "distinct") return before === "is" || after === "from" ? [] : [put("")];
    if (token.text === "left" || token.text === "full") {
      if (after !== "join") return [];
      return [put(token.text === "left" ? "" : "left"), ...(token.text === "full" ? [put("right")] : [])];
    }
    if (token.text === "union" && after !== "all") return [put("union all")];
    if (token.text === "is") return [put(after === "not" ? "is" : "is not", after === "not" ? index + 1 : index)];
    if (token.text === "not") return before === "is" ? [] : [put("")];
    if (token.text === "exists" && before !== "not") return [put("not exists")];
    if (token.text === "coalesce") return coalesceChanges(tokens, index, body);
    if (token.text === "div") return quotientChanges(tokens, index, body);
    if (token.text === "make_interval" || token.text === "months" || token.text === "days" || token.text === "secs") {
      return after === "=>" ? [put(token.text === "days" ? "hours" : "days")] : [];
    }
    if (isBareCondition(tokens, index)) return [put(`not ${body.slice(token.start, token.end)}`)];
    return (swaps[token.text] ?? []).map((text) => put(text));
  });
}

/** Whether an operator after this token has it, or what it ends, as its left side. */
function isOperand(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === "number" || token.kind === "string" || token.text === ")" || token.text === "]") return true;
  return token.kind === "word" && !keywords.has(token.text);
}

const keywords = new Set("select then else when and or not return by in case from over distinct".split(" "));

function isAssignment(tokens: readonly Token[], index: number): boolean {
  const [before, target] = [tokens[index - 2], tokens[index - 1]];
  return target?.kind === "word" && (before?.text === "set" || before?.text === ",");
}

function isBetween(tokens: readonly Token[], index: number): boolean {
  const depth = tokens[index]?.depth;
  for (let at = index - 1; at >= 0; at -= 1) {
    const token = tokens[at];
    if (token?.depth !== depth) continue;
    if (token?.text === "between") return true;
    if (["and", "or", "where", "on", "if", "when", ";"].includes(token?.text ?? "")) return false;
  }
  return false;
}

/** A name alone as what is asked: `when known.given then`, `if found then`, `where expired)`. */
function isBareCondition(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token?.kind !== "word" || keywords.has(token.text)) return false;
  if (!["if", "when", "elsif", "and", "or", "where", "("].includes(tokens[index - 1]?.text ?? "")) return false;
  if (tokens[index - 1]?.text === "(" && !["and", "or"].includes(tokens[index + 1]?.text ?? "")) return false;
  let last = index;
  while (tokens[last + 1]?.text === "." && tokens[last + 2]?.kind === "word") last += 2;
  return (
    ["then", "and", "or", ")", ";", "for"].includes(tokens[last + 1]?.text ?? "") && !["null"].includes(token.text)
  );
}

/** Only the first of the values, and only the last. */
function coalesceChanges(tokens: readonly Token[], index: number, body: string): Change[] {
  const [start, end] = [tokens[index]?.start ?? 0, tokens[closingOf(tokens, index + 1)]?.end ?? 0];
  const parts = partsOf(tokens, index + 1, body);
  return [parts.at(0), parts.at(-1)].map((part) => ({ start, end, text: `(${part})` }));
}

/** Rounded up instead of down. */
function quotientChanges(tokens: readonly Token[], index: number, body: string): Change[] {
  const [start, end] = [tokens[index]?.start ?? 0, tokens[closingOf(tokens, index + 1)]?.end ?? 0];
  const [dividend, divisor] = partsOf(tokens, index + 1, body);
  return [{ start, end, text: `ceil((${dividend})::numeric / (${divisor}))` }];
}

/** What stands between the commas of a call whose parenthesis opens at `opening`. */
function partsOf(tokens: readonly Token[], opening: number, body: string): string[] {
  const closing = closingOf(tokens, opening);
  const inside = (tokens[opening]?.depth ?? 0) + 1;
  const cuts = tokens.flatMap(({ text, depth }, index) =>
    text === "," && depth === inside && index > opening && index < closing ? [index] : [],
  );
  return [opening, ...cuts].map((cut, part) =>
    body.slice(tokens[cut]?.end ?? 0, tokens[cuts[part] ?? closing]?.start ?? 0).trim(),
  );
}

// Changes of clauses: a condition less, an order turned or shortened, a statement less.
import type { Change } from "./operators.ts";
import { closingOf, type Token } from "./sql-tokens.ts";

/** Words at which a list of conditions or of order terms is over. */
const ends = new Set(
  `where on if elsif when then else and or group order limit window returning union loop for from join left full
  cross set having end exit into over as select rows`.split(/\s+/),
);

function isEnd(token: Token, depth: number): boolean {
  if (token.depth < depth) return true;
  return (
    token.depth === depth &&
    (token.text === ";" || token.text === "," || (token.kind === "word" && ends.has(token.text)))
  );
}

/** For each `and` the condition behind it, and for the first of a list the condition before it too. */
export function droppedConditions(tokens: readonly Token[]): Change[] {
  return tokens.flatMap((token, index) => {
    if (token.text !== "and" || isInBetween(tokens, index)) return [];
    const after = tokens.findIndex((other, at) => at > index && endsCondition(tokens, at, other, token.depth));
    const last = tokens[(after === -1 ? tokens.length : after) - 1];
    const dropped = [{ start: token.start, end: last?.end ?? token.end, text: "" }];
    let first = index;
    while (first > 0 && !endsCondition(tokens, first - 1, tokens[first - 1] ?? token, token.depth)) first -= 1;
    const before = tokens[first - 1]?.text;
    if (before !== "and") dropped.push({ start: tokens[first]?.start ?? 0, end: token.end, text: "" });
    return dropped;
  });
}

function endsCondition(tokens: readonly Token[], index: number, token: Token, depth: number): boolean {
  if (token.text === "and" && isInBetween(tokens, index)) return false;
  // `is distinct from` and `exists (select from …)` stand inside a condition.
  if (token.text === "from" && tokens[index - 1]?.text === "distinct") return false;
  return isEnd(token, depth);
}

function isInBetween(tokens: readonly Token[], index: number): boolean {
  for (let at = index - 1; at >= 0; at -= 1) {
    const token = tokens[at];
    if (token === undefined || token.depth !== tokens[index]?.depth) continue;
    if (token.text === "between") return true;
    if (["and", "or", "where", "on", "if", "when", ";"].includes(token.text)) return false;
  }
  return false;
}

/** Each term of each order turned round, and left out where others are left. */
export function changedOrders(tokens: readonly Token[], body: string): Change[] {
  return tokens.flatMap((token, index) => {
    if (token.text !== "order" || tokens[index + 1]?.text !== "by") return [];
    const terms: { start: number; end: number }[] = [];
    let first = index + 2;
    for (let at = first; at <= tokens.length; at += 1) {
      const next = tokens[at];
      const comma = next?.text === "," && next.depth === token.depth;
      if (next !== undefined && !comma && !endsOrder(next, token.depth)) continue;
      terms.push({ start: tokens[first]?.start ?? 0, end: tokens[at - 1]?.end ?? 0 });
      first = at + 1;
      if (!comma) break;
    }
    return terms.flatMap(({ start, end }, n) => {
      const written = body.slice(start, end);
      const turned = written.endsWith(" desc") ? written.slice(0, -" desc".length) : `${written} desc`;
      const next = terms[n + 1];
      const previous = terms[n - 1];
      const dropped =
        next !== undefined
          ? [{ start, end: next.start, text: "" }]
          : previous !== undefined
            ? [{ start: previous.end, end, text: "" }]
            : [];
      return [{ start, end, text: turned }, ...dropped];
    });
  });
}

function endsOrder(token: Token, depth: number): boolean {
  return (
    token.depth < depth ||
    (token.depth === depth && (token.text === ";" || ["limit", "loop", "for"].includes(token.text)))
  );
}

const openers = new Set(["then", "else", "loop", "begin", ";"]);

/** Each statement of a block left out, whole blocks too; not what answers. */
export function droppedStatements(tokens: readonly Token[]): Change[] {
  const begins = tokens.findIndex(({ text }) => text === "begin");
  return tokens.flatMap((token, index) => {
    const before = tokens[index - 1];
    if (index <= begins || token.depth > 0 || before === undefined || before.depth > 0 || !openers.has(before.text))
      return [];
    if (before.text !== ";" && isInStatement(tokens, index - 1)) return [];
    if (["return", "end", "else", "elsif", "exception", "when", "null", "declare"].includes(token.text)) return [];
    if (token.text === ";") return [];
    const last = endOfStatement(tokens, index);
    // The only statement of an `if` goes with the `if`.
    const alone = before.text === "then" && tokens[last + 1]?.text === "end";
    return alone ? [] : [{ start: token.start, end: tokens[last]?.end ?? 0, text: "null;" }];
  });
}

/** Each insert or update of a `with` that nothing reads, left out. */
export function droppedWrites(tokens: readonly Token[]): Change[] {
  return tokens.flatMap((token, index) => {
    const [name, as, opening, verb] = tokens.slice(index + 1, index + 5);
    if (token.text !== "," || as?.text !== "as" || opening?.text !== "(") return [];
    if (verb?.text !== "insert" && verb?.text !== "update") return [];
    if (tokens.filter(({ text }, at) => text === name?.text && tokens[at - 1]?.text === "from").length > 0) return [];
    const last = tokens[closingOf(tokens, index + 3)];
    return [{ start: token.start, end: last?.end ?? token.end, text: "" }];
  });
}

/** Whether a `then` or `else` belongs to a `case` of an expression. */
function isInStatement(tokens: readonly Token[], index: number): boolean {
  if (tokens[index]?.text !== "then" && tokens[index]?.text !== "else") return false;
  let cases = 0;
  for (let at = index - 1; at >= 0 && tokens[at]?.text !== ";"; at -= 1) {
    if (tokens[at]?.depth !== 0) continue;
    if (tokens[at]?.text === "case") cases += 1;
    if (tokens[at]?.text === "end") cases -= 1;
  }
  return cases > 0;
}

/** The index of the semicolon that closes the statement at `first`, with the blocks in it. */
function endOfStatement(tokens: readonly Token[], first: number): number {
  const block = ["if", "for", "loop", "while", "begin"].includes(tokens[first]?.text ?? "");
  let open = 0;
  for (let at = first; at < tokens.length; at += 1) {
    const [text, before] = [tokens[at]?.text ?? "", tokens[at - 1]?.text ?? ""];
    if (tokens[at]?.depth !== 0) continue;
    if (block && before !== "end" && (text === "if" || text === "loop" || text === "case" || text === "begin"))
      open += 1;
    if (block && text === "end") open -= 1;
    if (text === ";" && open <= 0) return at;
  }
  return tokens.length - 1;
}

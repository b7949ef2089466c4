// Splits a function's body into tokens, so that comments and strings are never taken for code.

export interface Token {
  readonly kind: "word" | "number" | "string" | "symbol";
  /** As written; words in lower case. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** How many parentheses and brackets are open around it; an opening one counts for what it encloses. */
  readonly depth: number;
}

const pattern =
  /--[^\n]*|\s+|(?<string>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?<word>[A-Za-z_][\w$]*)|(?<number>\d+)|(?<symbol>:=|=>|::|<=|>=|<>|\|\||->>|->|@>|\.\.|[^\s\w])/gy;

export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  for (const match of sql.matchAll(pattern)) {
    const { string, word, number, symbol } = match.groups ?? {};
    const text = string ?? word?.toLowerCase() ?? number ?? symbol;
    if (text === undefined) continue;
    const kind =
      string !== undefined ? "string" : word !== undefined ? "word" : number !== undefined ? "number" : "symbol";
    if (text === ")" || text === "]") depth -= 1;
    tokens.push({ kind, text, start: match.index, end: match.index + match[0].length, depth });
    if (text === "(" || text === "[") depth += 1;
  }
  return tokens;
}

/** The index of the parenthesis that closes the one at `opening`. */
export function closingOf(tokens: readonly Token[], opening: number): number {
  const depth = tokens[opening]?.depth ?? 0;
  return tokens.findIndex((token, index) => index > opening && token.depth === depth && token.text === ")");
}

// Cuts texts to the receivers' limits. A cut never splits a character or an escape sequence, and what is cut ends in "…".

interface Measure {
  /** Escapes one character for the receiver; limits apply to the escaped text. */
  readonly escape?: (character: string) => string;
  /** The size of an escaped piece; its length in UTF-16 units by default, which is never below the character count. */
  readonly size?: (piece: string) => number;
}

interface Field {
  readonly name: string;
  readonly value: string;
}

interface FieldLimits extends Measure {
  readonly count: number;
  readonly name: number;
  readonly value: number;
  /** The sum over all names and values. */
  readonly total: number;
}

const ellipsis = "…";

// Receivers refuse empty names and values.
const blank = "–";

/** Escapes a text and cuts it to `max`. Lone surrogates, which receivers refuse as bad JSON, become U+FFFD. */
export function truncate(text: string, max: number, measure: Measure = {}): string {
  const escape = measure.escape ?? ((character) => character);
  const size = measure.size ?? ((piece) => piece.length);
  const maxBeforeEllipsis = max - size(ellipsis);
  let used = 0;
  let whole = "";
  let beforeEllipsis = "";
  for (const character of text) {
    const piece = escape(/\p{Surrogate}/u.test(character) ? "\ufffd" : character);
    used += size(piece);
    if (used > max) {
      return maxBeforeEllipsis < 0 ? "" : beforeEllipsis + ellipsis;
    }
    whole += piece;
    if (used <= maxBeforeEllipsis) {
      beforeEllipsis = whole;
    }
  }
  return whole;
}

/** Escapes fields and cuts them to the limits; the fields that no longer fit into the total are left out. */
export function fitFields(fields: readonly Field[], limits: FieldLimits): Field[] {
  const size = limits.size ?? ((piece: string) => piece.length);
  const fitted: Field[] = [];
  let left = limits.total;
  for (const field of fields.slice(0, limits.count)) {
    const name = truncate(field.name.trim() || blank, limits.name, limits);
    const value = truncate(field.value.trim() || blank, Math.min(limits.value, left - size(name)), limits);
    if (value === "") {
      break;
    }
    left -= size(name) + size(value);
    fitted.push({ name, value });
  }
  return fitted;
}

/** The size of a piece in UTF-8. */
export function utf8Bytes(piece: string): number {
  return new TextEncoder().encode(piece).length;
}

/** The size of a piece within a JSON text in UTF-8. */
export function jsonBytes(piece: string): number {
  return utf8Bytes(JSON.stringify(piece)) - 2;
}

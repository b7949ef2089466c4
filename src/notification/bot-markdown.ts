// The Markdown of DingTalk's and WeCom's bots. Neither documents an escape, so a character that could begin a link, an
// image, a mention, a colour or a heading is shown by its full-width form, which neither reads as markup.

const fullWidth: Readonly<Record<string, string>> = {
  "[": "［",
  "]": "］",
  "<": "＜",
  ">": "＞",
  "*": "＊",
  "`": "｀",
  "#": "＃",
  "~": "～",
  "|": "｜",
  "\\": "＼",
};

/** Escapes one character of a text; line feeds stay. */
export function escapeMarkup(character: string): string {
  return fullWidth[character] ?? character;
}

/** Escapes one character of what must stay on its line. */
export function escapeInLine(character: string): string {
  return /[\p{Cc}\u2028\u2029]/u.test(character) ? " " : escapeMarkup(character);
}

// Plain pages: a few elements, escaped by Hono's html tag, and no script.
import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { formatMoney } from "../../../../kernel/money.ts";

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

const style = raw(`<style>
  :root { color-scheme: light dark; --text: #1a1f36; --page: #fff; --line: #e3e8ee; --note: #8a5a00; --note-page: #fff4d6; --alert: #b3261e; }
  @media (prefers-color-scheme: dark) {
    :root { --text: #e8eaf2; --page: #14161f; --line: #343a4d; --note: #ffd479; --note-page: #3a2f12; --alert: #ff8a80; }
  }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 32rem; margin: 3rem auto; padding: 0 1rem; color: var(--text); background: var(--page); }
  header { font-size: .8rem; color: var(--note); background: var(--note-page); padding: .4rem .8rem; border-radius: .4rem; }
  table { width: 100%; border-collapse: collapse; } td, th { text-align: left; padding: .4rem 0; border-bottom: 1px solid var(--line); }
  td:last-child, th:last-child { text-align: right; }
  label { display: block; margin: 1rem 0 .3rem; } select, input { font: inherit; width: 100%; padding: .5rem; box-sizing: border-box; }
  button { font: inherit; padding: .6rem 1.2rem; margin: 1rem .5rem 0 0; border: 0; border-radius: .4rem; background: #1a56db; color: #fff; cursor: pointer; }
  button.quiet { background: var(--line); color: var(--text); } [role=alert] { color: var(--alert); }
</style>`);

export function pageOf(title: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${style}
      </head>
      <body>
        <header>Tallystick sandbox. No money moves here.</header>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`;
}

export { html };

/** A field of a posted form, as text. */
export function fieldOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function money(amount: number, currency: string): string {
  return formatMoney(amount, currency, "en");
}

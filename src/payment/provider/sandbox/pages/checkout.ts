// The hosted checkout page: what is sold, and how a person pays, fails or cancels.
import type { Context, Hono } from "hono";
import { completeSession } from "../checkout/complete.ts";
import { createMethod } from "../payments/method.ts";
import { testCard, testDebit } from "../payments/test-methods.ts";
import { Refusal } from "../protocol/refusal.ts";
import type { Session } from "../store/billing-document.ts";
import type { World } from "../store/world.ts";
import { fieldOf, html, money, pageOf, type Html } from "./html.ts";

const methods: readonly (readonly [string, string])[] = [
  ["4242424242424242", "Card 4242: pays"],
  ["4000000000000002", "Card 0002: is declined"],
  ["4000000000009995", "Card 9995: has no funds"],
  ["4000000000000341", "Card 0341: is kept, and declines every charge"],
  ["4000000000000259", "Card 0259: pays, and is disputed"],
  ["AT611904300234573201", "Bank debit: settles later"],
  ["AT861904300235473202", "Bank debit: fails later"],
];

export function checkoutPages(app: Hono, world: World): void {
  app.get("/c/pay/:id", async (context) => show(context, await sessionOf(world, context.req.param("id")), null));
  app.post("/c/pay/:id", async (context) => {
    const session = await sessionOf(world, context.req.param("id"));
    const form = await context.req.parseBody();
    if (form["do"] === "cancel") return leave(context, session.cancel_url, session);
    try {
      const number = fieldOf(form["method"]);
      const paid = await world.change(async (change) => {
        const customer = await change.find("customer", session.customer);
        const at = await change.on(customer?.test_clock ?? null);
        const known = /^\d+$/.test(number) ? testCard(number) : testDebit("sepa_debit", number);
        const method = await createMethod(at, known, { billing_details: detailsOf(fieldOf(form["email"])) });
        return completeSession(at, await at.get("checkout.session", session.id), { method, authenticated: true });
      });
      return leave(context, paid.success_url, paid);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return show(context, await sessionOf(world, session.id), error.message);
    }
  });
}

async function sessionOf(world: World, id: string): Promise<Session> {
  return world.read(async (change) => change.get("checkout.session", id));
}

function detailsOf(email: string) {
  const address = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };
  return { address, email: email === "" ? null : email, name: null, phone: null, tax_id: null };
}

function leave(context: Context, url: string | null, session: Session): Response | Promise<Response> {
  if (url !== null) return context.redirect(url.replaceAll("{CHECKOUT_SESSION_ID}", session.id), 303);
  return context.html(
    pageOf(session.status === "complete" ? "Thank you" : "Not paid", html`<p>You may close this page.</p>`),
  );
}

function show(context: Context, session: Session, problem: string | null): Response | Promise<Response> {
  if (session.status !== "open") {
    return context.html(pageOf("Checkout", html`<p>This checkout is ${session.status}.</p>`), 410);
  }
  return context.html(pageOf("Checkout", formOf(session, problem)), problem === null ? 200 : 402);
}

function formOf(session: Session, problem: string | null): Html {
  const rows = session._lines.map(
    (line) =>
      html`<tr>
        <td>${line.quantity} × ${line.description}</td>
        <td>
          ${money(line.amount_total, line.price.currency)}${line.price.recurring === null ? "" : ` / ${line.price.recurring.interval}`}
        </td>
      </tr>`,
  );
  const total = session.amount_total === null ? "" : money(session.amount_total, session.currency ?? "usd");
  const options = methods.map(([number, text]) => html`<option value="${number}">${text}</option>`);
  return html`${problem === null ? "" : html`<p role="alert">${problem}</p>`}
    <table>
      ${rows}
      <tr>
        <th>Due today</th>
        <th>${total}</th>
      </tr>
    </table>
    <form method="post">
      <label for="email">E-mail</label>
      <input id="email" name="email" type="email" value="${session.customer_email ?? ""}" />
      <label for="method">Pay with</label>
      <select id="method" name="method">
        ${options}
      </select>
      <button name="do" value="pay">Pay</button>
      <button name="do" value="cancel" class="quiet">Cancel</button>
    </form>`;
}

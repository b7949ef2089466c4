// The hosted billing portal: a customer's subscriptions, to be cancelled at the period's end or kept, the card behind
// them, and the invoices.
import type { Hono } from "hono";
import { changeSubscription } from "../billing/change-subscription.ts";
import { collectInvoice } from "../billing/collect.ts";
import { periodOf } from "../billing/plan.ts";
import { attach, createMethod } from "../payments/method.ts";
import { testCard } from "../payments/test-methods.ts";
import { invalid, Refusal } from "../protocol/refusal.ts";
import type { Invoice, PortalSession, Subscription } from "../store/billing-document.ts";
import type { Change } from "../store/change.ts";
import type { World } from "../store/world.ts";
import { fieldOf, html, money, pageOf, type Html } from "./html.ts";

export function portalPages(app: Hono, world: World): void {
  const show = async (id: string, problem: string | null): Promise<Html> =>
    world.read(async (change) => describePortal(change, await change.get("billing_portal.session", id), problem));
  app.get("/p/session/:id", async (context) =>
    context.html(pageOf("Billing", await show(context.req.param("id"), null))),
  );
  app.post("/p/session/:id", async (context) => {
    const id = context.req.param("id");
    const form = await context.req.parseBody();
    try {
      await world.change(async (change) => {
        const session = await change.get("billing_portal.session", id);
        await act(change, session, { verb: fieldOf(form["do"]), of: fieldOf(form["of"]) });
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return context.html(pageOf("Billing", await show(id, error.message)), 402);
    }
    return context.redirect(`/p/session/${id}`, 303);
  });
  app.get("/invoice/:id", async (context) => {
    const invoice = await world.read(async (change) => change.get("invoice", context.req.param("id")));
    const rows = invoice.lines.data.map(
      (line) =>
        html`<tr>
          <td>${line.description ?? ""}</td>
          <td>${money(line.amount, line.currency)}</td>
        </tr>`,
    );
    return context.html(
      pageOf(
        `Invoice ${invoice.number ?? ""}`,
        html`<p>${invoice.status}</p>
          <table>
            ${rows}
          </table>`,
      ),
    );
  });
}

async function act(change: Change, session: PortalSession, { verb, of }: { verb: string; of: string }): Promise<void> {
  const customer = await change.get("customer", session.customer);
  const at = await change.on(customer.test_clock);
  if (verb === "card") {
    const method = await attach(at, await createMethod(at, testCard(of)), customer);
    const settings = { ...customer.invoice_settings, default_payment_method: method.id };
    await at.update(customer, { invoice_settings: settings }, "customer.updated");
    for (const subscription of await at.all("subscription", { customer: customer.id })) {
      if (subscription.ended_at === null) await at.update(subscription, { default_payment_method: null }, null);
    }
    return;
  }
  if (verb === "pay") {
    const invoice = await at.get("invoice", of);
    if (invoice.customer !== customer.id) throw invalid("That is another customer's invoice.");
    const { confirmation } = await collectInvoice(at, invoice);
    if (confirmation?.outcome === "declined") throw confirmation.refusal;
    return;
  }
  const subscription = await at.get("subscription", of);
  if (subscription.customer !== customer.id) throw invalid("That is another customer's subscription.");
  await changeSubscription(at, subscription, {
    items: subscription.items.data,
    fields:
      verb === "cancel"
        ? atPeriodEnd(at, subscription)
        : { cancel_at_period_end: false, cancel_at: null, canceled_at: null },
    proration: "none",
    prorationDate: null,
    paymentBehavior: "allow_incomplete",
    resetsCycle: false,
  });
}

function atPeriodEnd(change: Change, subscription: Subscription): Partial<Subscription> {
  return { cancel_at_period_end: true, cancel_at: periodOf(subscription).end, canceled_at: change.now };
}

async function describePortal(change: Change, session: PortalSession, problem: string | null): Promise<Html> {
  const subscriptions = await change.all("subscription", { customer: session.customer });
  const invoices = await change.all("invoice", { customer: session.customer });
  return html`${problem === null ? "" : html`<p role="alert">${problem}</p>`}
    <h2>Subscriptions</h2>
    <table>
      ${subscriptions.map(subscriptionRow)}
    </table>
    <h2>Card</h2>
    <form method="post">
      <label for="of">Card number</label>
      <input id="of" name="of" value="4242424242424242" inputmode="numeric" />
      <button name="do" value="card">Use this card</button>
    </form>
    <h2>Invoices</h2>
    <table>
      ${invoices.toReversed().map(invoiceRow)}
    </table>
    ${session.return_url === null ? "" : html`<p><a href="${session.return_url}">Return</a></p>`}`;
}

function subscriptionRow(subscription: Subscription): Html {
  const names = subscription.items.data.map(({ price, quantity }) => `${quantity} × ${price.nickname ?? price.id}`);
  const verb = subscription.cancel_at_period_end ? "keep" : "cancel";
  const button = html`<form method="post">
    <input type="hidden" name="of" value="${subscription.id}" />
    <button name="do" value="${verb}" class="quiet">${verb === "keep" ? "Keep" : "Cancel at the period's end"}</button>
  </form>`;
  return html`<tr>
    <td>
      ${names.join(", ")}: ${subscription.status}${subscription.cancel_at_period_end ? ", ends with the period" : ""}
    </td>
    <td>${subscription.ended_at === null ? button : ""}</td>
  </tr>`;
}

function invoiceRow(invoice: Invoice): Html {
  const pay = html`<form method="post">
    <input type="hidden" name="of" value="${invoice.id}" />
    <button name="do" value="pay" class="quiet">Pay</button>
  </form>`;
  return html`<tr>
    <td>${invoice.number ?? invoice.id}: ${invoice.status}${invoice.status === "open" ? pay : ""}</td>
    <td>${money(invoice.total, invoice.currency)}</td>
  </tr>`;
}

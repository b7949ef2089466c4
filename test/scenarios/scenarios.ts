// Recorded stories of one buyer each, with the price of the catalog that stands for what was sold in the recording, and
// the credits that must come of it. Lists are answers of /v1/events; single files are webhook bodies in their order.

export type Source =
  | { readonly list: string }
  | { readonly event: string }
  /** Only the event's `data` was recorded. */
  | { readonly data: string; readonly type: string };

export interface Scenario {
  readonly name: string;
  readonly sources: readonly Source[];
  readonly priceId: string;
  readonly credits: number;
}

const clover = (name: string): readonly Source[] => [{ list: `zulip-2025-11-17.clover/${name}` }];
const older = (name: string): readonly Source[] => [{ list: `zulip-2020-08-27/${name}` }];
const syncEngine = (name: string): Source => ({ event: `stripe-sync-engine/${name}.json` });
const rubyMock = (name: string): Source => ({ event: `stripe-ruby-mock/${name}.json` });
const pay = (name: string, type = name): Source => ({ data: `pay-rails/${name}.json`, type });

export const scenarios: readonly Scenario[] = [
  {
    name: "card, 6 seats, monthly",
    sources: clover("upgrade_by_card"),
    priceId: "price_pro_monthly",
    credits: 6 * 1000,
  },
  {
    name: "discount line beside 18 packs",
    sources: clover("upgrade_server_user_to_monthly_basic_plan"),
    priceId: "price_credits_basic",
    credits: 18 * 100,
  },
  {
    name: "minimum of 25 seats, yearly",
    sources: clover("add_minimum_licenses"),
    priceId: "price_pro_yearly",
    credits: 25 * 1000,
  },
  {
    name: "123 packs, payment intent cancelled after",
    sources: clover("downgrade_realm_and_void_open_invoices"),
    priceId: "price_credits_max",
    credits: 123 * 1200,
  },
  {
    name: "lifetime by invoice after a trial",
    sources: clover("free_trial_upgrade_by_invoice"),
    priceId: "price_lifetime",
    credits: 123 * 1000,
  },
  {
    name: "change of plan",
    sources: clover("switch_realm_from_standard_to_plus_plan"),
    priceId: "price_credits_plus",
    credits: 6 * 500,
  },
  {
    name: "fixed price with a discount, yearly",
    sources: clover("schedule_upgrade_to_fixed_price_annual_business_plan"),
    priceId: "price_pro_yearly",
    credits: 11 * 1000,
  },
  {
    name: "monthly to yearly",
    sources: clover("switch_from_monthly_plan_to_annual_plan_for_automatic_license_management"),
    priceId: "price_pro_monthly",
    credits: 6 * 1000,
  },
  {
    name: "123 packs by invoice",
    sources: clover("upgrade_by_invoice_to_plus_plan"),
    priceId: "price_credits_basic",
    credits: 123 * 100,
  },
  {
    name: "fixed price, lifetime",
    sources: clover("schedule_fixed_price_plan_upgrade_to_another_fixed_price_plan"),
    priceId: "price_lifetime",
    credits: 1000,
  },
  {
    name: "7 seats by invoice, paid in one list",
    sources: clover("validate_licenses_for_manual_plan_management"),
    priceId: "price_pro_monthly",
    credits: 7 * 1000,
  },
  {
    name: "two invoices with a discount (2020)",
    sources: older("attach_discount_to_realm"),
    priceId: "price_credits_plus",
    credits: 2 * 6 * 500,
  },
  {
    name: "first card fails, events told twice (2020)",
    sources: older("upgrade_first_card_fails_and_retry_with_another_card_without_starting_from_begining"),
    priceId: "price_credits_max",
    credits: 6 * 1200,
  },
  {
    name: "another card (2020)",
    sources: older("replace_payment_source"),
    priceId: "price_credits_basic",
    credits: 6 * 100,
  },
  {
    name: "zero invoice of a session and subscription (2020)",
    sources: [
      syncEngine("subscription_created"),
      syncEngine("checkout_session_completed"),
      syncEngine("invoice_paid"),
      syncEngine("subscription_updated"),
      syncEngine("subscription_deleted"),
    ],
    priceId: "price_pro_monthly",
    credits: 0,
  },
  {
    name: "pack by checkout",
    sources: [rubyMock("checkout.session.completed.payment_mode")],
    priceId: "price_credits_max",
    credits: 1200,
  },
  {
    name: "lifetime by checkout (2020)",
    sources: [rubyMock("checkout.session.completed")],
    priceId: "price_lifetime",
    credits: 1000,
  },
  {
    name: "failed, then paid, then cancelled (2020)",
    sources: [
      rubyMock("customer.subscription.created"),
      rubyMock("invoice.payment_action_required"),
      rubyMock("invoice.payment_failed"),
      rubyMock("invoice.paid"),
      rubyMock("invoice.payment_succeeded"),
      rubyMock("customer.subscription.updated"),
      rubyMock("customer.subscription.deleted"),
    ],
    priceId: "price_pro_yearly",
    credits: 1000,
  },
  {
    name: "never paid, both payload shapes (2025-04)",
    sources: [
      pay("checkout.session.completed"),
      pay("invoice.payment_action_required"),
      pay("invoice.payment_failed"),
      pay("subscription.updated", "customer.subscription.updated"),
    ],
    priceId: "price_pro_monthly",
    credits: 0,
  },
];

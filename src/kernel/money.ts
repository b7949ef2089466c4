// Money as a payment provider counts it: whole minor units of a currency. Only what a person reads is formatted.

// Stripe's lists (docs.stripe.com/currencies): charged in whole units, and in thousandths. Not ISO's, which differ for
// ISK and UGX; Intl's digits can't be used for the scale.
const zeroDecimal = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "));
const threeDecimal = new Set("bhd jod kwd omr tnd".split(" "));

/** Digits after the point in a currency's minor unit. */
export function minorUnitDigits(currency: string): number {
  const code = currency.toLowerCase();
  if (zeroDecimal.has(code)) return 0;
  return threeDecimal.has(code) ? 3 : 2;
}

/** Formats minor units for a person, such as 999 usd as $9.99. Exact: the number is placed by its digits, not divided. */
export function formatMoney(amount: number, currency: string, locale: string): string {
  const digits = minorUnitDigits(currency);
  const padded = String(Math.abs(amount)).padStart(digits + 1, "0");
  const whole = padded.slice(0, padded.length - digits);
  const decimal = `${amount < 0 ? "-" : ""}${whole}${digits > 0 ? `.${padded.slice(-digits)}` : ""}`;
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency: currency.toUpperCase(),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(decimal as Intl.StringNumericLiteral);
}

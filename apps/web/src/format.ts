// Numbers and dates as people read them. Dates are in UTC, the ledger's own time.

const whole = new Intl.NumberFormat("en");
const signed = new Intl.NumberFormat("en", { signDisplay: "exceptZero" });
const day = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeZone: "UTC" });
const minute = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

export const wholeNumber = (value: number): string => whole.format(value);
/** With a plus or a true minus sign, which is as wide as a digit. */
export const signedNumber = (value: number): string => signed.format(value).replace("-", "\u2212");
export const dayOf = (date: Date): string => day.format(date);
export const minuteOf = (date: Date): string => `${minute.format(date)} UTC`;

const typeNames: Readonly<Record<string, string>> = {
  register_gift: "Sign-up gift",
  monthly_refresh: "Monthly credits",
  subscription_renewal: "Subscription credits",
  lifetime_monthly: "Lifetime credits",
  purchase_package: "Credit pack",
  rollover: "Rolled over",
  adjustment: "Adjustment",
  usage: "Usage",
  expire: "Expired",
  refund: "Refund",
  clawback: "Taken back",
  reinstate: "Put back",
  transfer_in: "Transfer in",
  transfer_out: "Transfer out",
};

/** The plain name of an entry's or a lot's type. */
export function typeName(type: string): string {
  return typeNames[type] ?? type.replaceAll("_", " ");
}

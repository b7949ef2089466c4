// Prices as people read them. Apart from the other formats: browsers are given text, and never the library.
import { formatMoney } from "tallystick";

/** Minor units as a price, with a true minus sign. */
export const money = (amount: number, currency: string): string =>
  formatMoney(amount, currency, "en").replace("-", "\u2212");

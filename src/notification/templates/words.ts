// What the words of announcements are made of, in one language: texts, money, numbers, times, the field that names a user.
import { formatMoney } from "../../kernel/money.ts";
import type { Channel, Message } from "../channel.ts";

export type Language = Channel["language"];
export type Rendered = Pick<Message, "severity" | "title" | "text" | "fields">;
type Field = Message["fields"][number];

export interface Words {
  say(en: string, zh: string): string;
  /** An amount in the currency's minor unit. */
  money(amount: number, currency: string): string;
  whole(number: number): string;
  /** In UTC, so that every reader sees the same. */
  time(date: Date): string;
  user(userId: string): Field;
  ownerOf(of: { readonly userId: string | null }): readonly Field[];
}

const locales: Readonly<Record<Language, string>> = { en: "en-US", zh: "zh-CN" };

const userField: Readonly<Record<Language, string>> = { en: "User", zh: "用户" };
/** The names of the field that says whom a message is about, in every language. */
export const userFieldNames: readonly string[] = Object.values(userField);

export function wordsOf(language: Language): Words {
  const user = (userId: string): Field => ({ name: userField[language], value: userId });
  return {
    say: (en, zh) => (language === "zh" ? zh : en),
    money: (amount, currency) => formatMoney(amount, currency, locales[language]),
    whole: (number) => new Intl.NumberFormat(locales[language]).format(number),
    time: (date) => `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`,
    user,
    ownerOf: ({ userId }) => (userId === null ? [] : [user(userId)]),
  };
}

import Link from "next/link";
import { currentUser } from "../auth/session.ts";
import { registerGift } from "../catalog.ts";
import { signedNumber, wholeNumber } from "../format.ts";

// An account as the ledger would show it: each line's balance is the one before plus its amount.
const example = [
  { label: "Sign-up gift", amount: 50, balance: 50 },
  { label: "Credit pack", amount: 500, balance: 550 },
  { label: "Image generation", amount: -30, balance: 520 },
  { label: "Rest of the gift expired", amount: -20, balance: 500 },
  { label: "Pro, first month", amount: 1000, balance: 1500 },
];

const promises = [
  {
    title: "Paid once, granted once",
    text: "A Stripe event is stored before it is answered, and its effect is keyed by invoice line. Duplicates, retries and reordering change nothing.",
  },
  {
    title: "Spent once, under any load",
    text: "A consume is one call to the database. However many run at the same moment, a balance never goes below zero.",
  },
  {
    title: "Every credit accounted for",
    text: "What expires first is burnt first. The journal is append-only, and an audit proves that it adds up.",
  },
];

export default async function HomePage() {
  const user = await currentUser();
  return (
    <div className="grid gap-14 sm:gap-20">
      <section className="grid items-center gap-10 lg:grid-cols-[1.1fr_1fr] lg:gap-16">
        <div>
          <h1 className="text-4xl leading-[1.1] font-semibold tracking-tight sm:text-5xl">Credits that add up.</h1>
          <p className="mt-5 max-w-[34rem] text-lg leading-relaxed text-muted">
            Tallystick is a credit ledger and payment-event engine for SaaS, in your own Postgres. This is its reference
            application: sign up, get {registerGift.credits} credits as a gift and the free plan’s monthly credits, and
            see how each one is kept.
          </p>
          <div className="mt-8 flex flex-wrap gap-3">
            {user ? (
              <Link href="/credits" className="button button-primary">
                Your credits
              </Link>
            ) : (
              <>
                <Link href="/sign-up" className="button button-primary">
                  Create an account
                </Link>
                <Link href="/sign-in" className="button button-quiet">
                  Sign in
                </Link>
              </>
            )}
          </div>
        </div>
        <ExampleStatement />
      </section>
      <section aria-label="What it keeps" className="grid gap-8 border-t border-line pt-10 sm:grid-cols-3">
        {promises.map(({ title, text }) => (
          <div key={title}>
            <h2 className="font-semibold">{title}</h2>
            <p className="mt-2 text-[0.9375rem] leading-relaxed text-muted">{text}</p>
          </div>
        ))}
      </section>
    </div>
  );
}

function ExampleStatement() {
  return (
    <figure className="panel overflow-hidden">
      <figcaption className="border-b border-line px-5 py-3.5 text-sm text-muted">An example account</figcaption>
      <table className="w-full text-[0.9375rem] tabular-nums">
        <thead className="sr-only">
          <tr>
            <th scope="col">Entry</th>
            <th scope="col">Amount</th>
            <th scope="col">Balance</th>
          </tr>
        </thead>
        <tbody>
          {example.map(({ label, amount, balance }) => (
            <tr key={label} className="border-b border-line last:border-0">
              <td className="px-5 py-3">{label}</td>
              <td className={`py-3 text-right ${amount > 0 ? "text-accent" : ""}`}>{signedNumber(amount)}</td>
              <td className="px-5 py-3 text-right text-muted">{wholeNumber(balance)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

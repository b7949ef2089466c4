import type { Balance } from "tallystick";
import { dayOf, wholeNumber } from "../../format.ts";

export function BalanceSummary({ balance }: { balance: Balance }) {
  const { available, held, debt, lots } = balance;
  return (
    <section aria-labelledby="available" className="px-6 py-6 sm:px-7">
      <h2 id="available" className="text-sm font-medium text-muted">
        Available
      </h2>
      <p className="mt-2 flex items-baseline gap-2.5">
        <span className="text-5xl font-semibold tracking-tight tabular-nums sm:text-6xl" data-testid="available">
          {wholeNumber(available)}
        </span>
        <span className="text-lg text-muted">{available === 1 ? "credit" : "credits"}</span>
      </p>
      <p className="mt-3 text-[0.9375rem] text-muted">{nextExpiry(lots)}</p>
      {held > 0 ? <p className="mt-1 text-[0.9375rem] text-muted">{wholeNumber(held)} more are held.</p> : null}
      {debt > 0 ? (
        <p className="mt-1 text-[0.9375rem] text-danger">
          {wholeNumber(debt)} are owed. The next credits you get are settled against them.
        </p>
      ) : null}
    </section>
  );
}

function nextExpiry(lots: Balance["lots"]): string {
  const expiring = lots.flatMap(({ expiresAt, remaining }) =>
    expiresAt && remaining > 0 ? [{ expiresAt, remaining }] : [],
  );
  if (lots.length === 0) return "Nothing to spend at the moment.";
  if (expiring.length === 0) return "These never expire.";
  const first = expiring.reduce((a, b) => (b.expiresAt < a.expiresAt ? b : a)).expiresAt;
  const amount = expiring
    .filter(({ expiresAt }) => dayOf(expiresAt) === dayOf(first))
    .reduce((sum, { remaining }) => sum + remaining, 0);
  return `${wholeNumber(amount)} expire on ${dayOf(first)}.`;
}

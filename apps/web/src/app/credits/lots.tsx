import type { Balance } from "tallystick";
import { dayOf, typeName, wholeNumber } from "../../format.ts";

/** What the balance consists of, in the order in which it is spent. */
export function Lots({ lots }: { lots: Balance["lots"] }) {
  if (lots.length === 0) return null;
  return (
    <section aria-labelledby="lots" className="border-t border-line px-6 py-5 sm:px-7">
      <h2 id="lots" className="text-sm font-medium text-muted">
        Spent in this order
      </h2>
      <ol className="mt-2 tabular-nums" data-testid="lots">
        {lots.map(({ id, type, amount, remaining, expiresAt }) => (
          <li
            key={id}
            className="flex items-baseline justify-between gap-4 border-b border-line py-3 last:border-0 last:pb-0"
          >
            <div>
              <p className="text-[0.9375rem]">{typeName(type)}</p>
              <p className="text-sm text-muted">
                {expiresAt ? (
                  <>
                    until <time dateTime={expiresAt.toISOString()}>{dayOf(expiresAt)}</time>
                  </>
                ) : (
                  "never expires"
                )}
              </p>
            </div>
            <p className="text-right text-[0.9375rem]">
              {wholeNumber(remaining)}
              <span className="text-muted"> of {wholeNumber(amount)}</span>
            </p>
          </li>
        ))}
      </ol>
    </section>
  );
}

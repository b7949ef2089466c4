import Link from "next/link";
import type { HistoryPage } from "tallystick";
import { dayOf, minuteOf, signedNumber, typeName, wholeNumber } from "../../format.ts";

export function History({ page, isFirstPage }: { page: HistoryPage; isFirstPage: boolean }) {
  return (
    <section aria-labelledby="history">
      <h2 id="history" className="text-lg font-semibold tracking-tight">
        History
      </h2>
      {page.items.length === 0 ? (
        <p className="mt-3 text-muted">{isFirstPage ? "Nothing has happened yet." : "There is nothing older."}</p>
      ) : (
        <HistoryTable items={page.items} />
      )}
      <nav aria-label="History pages" className="mt-5 flex gap-3 empty:hidden">
        {isFirstPage ? null : (
          <Link href="/credits" className="button button-quiet text-sm">
            Newest
          </Link>
        )}
        {page.nextCursor === null ? null : (
          <Link href={`/credits?cursor=${encodeURIComponent(page.nextCursor)}`} className="button button-quiet text-sm">
            Older
          </Link>
        )}
      </nav>
    </section>
  );
}

function HistoryTable({ items }: { items: HistoryPage["items"] }) {
  const heading = "py-2.5 text-sm font-medium text-muted";
  return (
    <table className="mt-3 w-full text-[0.9375rem] tabular-nums" data-testid="history">
      <thead>
        <tr className="border-b border-line">
          <th scope="col" className={`${heading} text-left`}>
            Entry
          </th>
          <th scope="col" className={`${heading} hidden text-left sm:table-cell`}>
            Date
          </th>
          <th scope="col" className={`${heading} text-right`}>
            Amount
          </th>
          <th scope="col" className={`${heading} pl-4 text-right`}>
            Balance
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((entry) => (
          <tr key={entry.id} className="border-b border-line align-baseline">
            <td className="py-3.5 pr-4 wrap-anywhere">
              {typeName(entry.type)}
              <Detail entry={entry} />
            </td>
            <td className="hidden py-3.5 pr-4 whitespace-nowrap text-muted sm:table-cell">
              <time dateTime={entry.createdAt.toISOString()}>{minuteOf(entry.createdAt)}</time>
            </td>
            <td className={`py-3.5 text-right whitespace-nowrap ${entry.amount > 0 ? "text-accent" : ""}`}>
              {signedNumber(entry.amount)}
            </td>
            <td className="py-3.5 pl-4 text-right whitespace-nowrap text-muted">{wholeNumber(entry.balanceAfter)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Detail({ entry }: { entry: HistoryPage["items"][number] }) {
  const { description, createdAt, type } = entry;
  return (
    <>
      {description && description !== typeName(type) ? (
        <span className="block text-sm text-muted">{description}</span>
      ) : null}
      <time dateTime={createdAt.toISOString()} className="block text-sm text-muted sm:hidden">
        {dayOf(createdAt)}
      </time>
    </>
  );
}

// Everything of the ledger that can be seen, read with one statement, in the shape of the model's picture.
import type { Queryable } from "../../src/db/database.ts";
import type { Picture } from "./model/picture.ts";

/** How the model names what the database numbers, and the other way round. */
export interface Names {
  /** `user/unit#seq` by an entry's id. */
  readonly entries: ReadonlyMap<string, string>;
  /** `!n` by a hold's id. */
  readonly holds: ReadonlyMap<string, string>;
  readonly idOf: ReadonlyMap<string, string>;
}

type Cell = string | number | boolean | null | undefined;
type Row = readonly Cell[];

interface Balance {
  readonly balance: number;
  readonly available: number;
  readonly held: number;
  readonly debt: number;
  readonly lots: readonly { readonly id: string; readonly remaining: number }[];
}

interface Rows {
  readonly accounts: readonly Row[];
  readonly balances: readonly Balance[];
  readonly entries: readonly Row[];
  readonly draws: readonly Row[];
  readonly lots: readonly Row[];
  readonly holds: readonly Row[];
  readonly parts: readonly Row[];
  readonly enrolments: readonly Row[];
  readonly counters: readonly Row[];
}

// A parameter, since only statements with one are prepared: half of this one's time is its planning.
const milliseconds = (column: string): string => `floor(extract(epoch from ${column}) * $1::integer)`;
const rows = (columns: string, from: string, order: string): string =>
  `(select coalesce(json_agg(json_build_array(${columns}) order by ${order}), '[]') from tallystick.${from})`;

const picture = `select json_build_object(
  'accounts', ${rows(
    `account.id, user_id || '/' || unit, current_credits, debt, frozen_at is not null, merged_into_id`,
    "user_credit account",
    "account.id",
  )},
  'balances', (select coalesce(json_agg(tallystick.credit_balance(user_id, unit) order by id), '[]')
    from tallystick.user_credit),
  'entries', ${rows(
    "id, account_id, seq, type, amount, balance_after, payment_id, refund_of_id, refund_draw, feature, member, forgivable is true",
    "credit_transaction",
    "id",
  )},
  'draws', ${rows("transaction_id, lot_id, amount, n", "credit_allocation", "transaction_id, n")},
  'lots', ${rows(
    `id, amount, remaining_amount, held_amount, priority, scope[1], ${milliseconds("effective_at")},
     ${milliseconds("expiration_date")}, payment_id, expiration_date_processed_at is not null`,
    "credit_lot",
    "id",
  )},
  'holds', ${rows(
    `id, account_id, amount, captured_amount, status, feature, member, ${milliseconds("expires_at")}`,
    "credit_hold",
    "id",
  )},
  'parts', ${rows("hold_id, lot_id, amount", "credit_hold_lot", "hold_id, n")},
  'enrolments', ${rows(
    `account_id, plan_id, ${milliseconds("anchor_at")}, next_period, ended_at is not null`,
    "credit_enrolment",
    "id",
  )},
  'counters', ${rows(
    "account_id, member, period, period_start, counter.amount",
    "credit_spend_counter counter join tallystick.credit_spend_limit spend on spend.id = limit_id",
    "counter.limit_id",
  )}) as rows`;

export async function readPicture(queryable: Queryable): Promise<{ picture: Picture; names: Names }> {
  const [answer] = await queryable.query<{ rows: Rows }>(picture, [1000]);
  if (answer === undefined) throw new Error("the picture has no row");
  return drawn(answer.rows);
}

function drawn(read: Rows): { picture: Picture; names: Names } {
  const accounts = new Map(read.accounts.map(([id, name]) => [id, String(name)]));
  const entries = new Map(
    read.entries.map(([id, account, seq]) => [String(id), `${accounts.get(Number(account))}#${seq}`]),
  );
  const holds = new Map(read.holds.map(([id], index) => [String(id), `!${index + 1}`]));
  const entry = (id: Cell): string | null => (id === null ? null : (entries.get(String(id)) ?? "unknown"));
  const draws = groups(read.draws, ([, lot, amount, n]) => [entry(lot), amount, n]);
  const parts = groups(read.parts, ([, lot, amount]) => [entry(lot), amount]);
  const entriesOf = groups(
    read.entries.map(([id, account, _seq, type, amount, after, payment, refundOf, ...rest]) => [
      account,
      type,
      amount,
      after,
      payment,
      entry(refundOf),
      ...rest,
      String(id),
    ]),
    ([, ...row]) => [...row.slice(0, -1), draws.get(String(row.at(-1))) ?? []],
  );
  const accountOfEntry = new Map(read.entries.map(([id, account]) => [id, account]));
  const lotsOf = groups(
    read.lots.map(([id, ...row]) => [accountOfEntry.get(id), entry(id), ...row]),
    ([, ...row]) => row,
  );
  return {
    names: {
      entries,
      holds,
      idOf: new Map([...entries, ...holds].map(([id, name]) => [name, id])),
    },
    picture: {
      accounts: Object.fromEntries(
        read.accounts.map(([id, name, book, debt, frozen, mergedInto], index) => {
          const shown = read.balances[index];
          return [
            String(name),
            {
              book,
              debt,
              frozen,
              mergedInto: mergedInto === null ? null : accounts.get(mergedInto),
              shown: [shown?.balance, shown?.available, shown?.held, shown?.debt],
              burn: shown?.lots.map((lot) => [entry(lot.id), lot.remaining]),
              entries: entriesOf.get(String(id)) ?? [],
              lots: lotsOf.get(String(id)) ?? [],
            },
          ];
        }),
      ),
      holds: read.holds.map(([id, account, ...row]) => [accounts.get(account), ...row, parts.get(String(id)) ?? []]),
      enrolments: read.enrolments.map(([account, ...row]) => [accounts.get(account), ...row]),
      counters: read.counters
        .filter((row) => row.at(-1) !== 0)
        .map(([account, ...row]) => JSON.stringify([accounts.get(account), ...row]))
        .toSorted(),
    },
  };
}

function groups(list: readonly Row[], picked: (row: Row) => readonly unknown[]): Map<string, unknown[]> {
  const grouped = new Map<string, unknown[]>();
  for (const row of list) {
    const key = String(row[0]);
    grouped.set(key, [...(grouped.get(key) ?? []), picked(row)]);
  }
  return grouped;
}

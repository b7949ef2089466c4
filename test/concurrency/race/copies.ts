// Copies of prepared states, made set-based and by the thousand, and pictures of what became of them.
import type { Database } from "../../../src/db/database.ts";
import { plant } from "../../properties/ledger-fixture.ts";
import type { Subject } from "./operations.ts";
import { buildState, PAYMENT, stateNames, type RaceCase, type StateName } from "./states.ts";

// A copy's rows have the ids of its template's rows plus this for each copy; whatever is written later is later by id.
const STRIDE = 1000;
const FIRST_NEW_ID = 1_000_000_000_000;

// Each table with its columns that carry ids.
const tables: Readonly<Record<string, readonly string[]>> = {
  user_credit: ["id", "merged_into_id"],
  credit_transaction: ["id", "account_id", "operation_id", "payment_id", "refund_of_id"],
  credit_lot: ["id", "account_id", "payment_id"],
  credit_allocation: ["transaction_id", "lot_id"],
  credit_hold: ["id", "account_id", "capture_transaction_id"],
  credit_hold_lot: ["hold_id", "lot_id"],
  credit_enrolment: ["id", "account_id", "payment_id"],
  credit_spend_limit: ["id", "account_id"],
  credit_spend_counter: ["limit_id"],
  credit_return: ["payment_id"],
};
const numbered = ["user_credit", "credit_transaction", "credit_hold", "credit_enrolment", "credit_spend_limit"];

export interface Copies {
  /** Makes copies of a case. */
  make(raceCase: RaceCase, count: number): Promise<readonly Subject[]>;
  /** What has become of copies: a picture without ids and moments, and how the ids in answers are called in it. */
  pictures(subjects: readonly Subject[]): Promise<ReadonlyMap<number, Picture>>;
}

export interface Picture {
  readonly text: string;
  label(kind: string, id: string): string;
}

/** Builds every state in an empty database and puts its rows aside, so that nothing is due but in copies. */
export async function prepareCopies(url: string, database: Database): Promise<Copies> {
  const holds = new Map<StateName, number>();
  await database.query("create schema race");
  for (const table of Object.keys(tables)) {
    await database.query(
      `create table race.${table} as select ''::text as state, t.* from tallystick.${table} t limit 0`,
    );
  }
  for (const state of stateNames) {
    holds.set(state, await buildState(url, state));
    await plant(
      url,
      ...Object.keys(tables).flatMap((table) => [
        `insert into race.${table} select '${state}', t.* from tallystick.${table} t`,
        `delete from tallystick.${table}`,
      ]),
    );
  }
  await database.query(await copyFunction(database));
  await database.query(pictureFunction);
  for (const table of numbered) {
    await database.query("select setval(pg_get_serial_sequence($1, 'id'), $2)", [`tallystick.${table}`, FIRST_NEW_ID]);
  }
  let next = 1;
  return {
    async make({ state, keys }, count) {
      const first = next;
      next += count;
      await database.query("select race.make_copies($1, $2, $3)", [state, first, next - 1]);
      return Array.from({ length: count }, (_, index): Subject => {
        const copy = first + index;
        return {
          copy,
          keys,
          userId: `${copy}/${state === "alias" ? "w" : "u"}`,
          otherId: `${copy}/v`,
          paymentId: copy * STRIDE + PAYMENT,
          holdId: String(copy * STRIDE + (holds.get(state) ?? 0)),
        };
      });
    },
    async pictures(subjects) {
      const rows = await database.query<{ copy: number; picture: string; labels: Record<string, string> }>(
        "select copy, picture::text, labels from race.pictures($1::bigint[])",
        [subjects.map(({ copy }) => copy)],
      );
      return new Map(
        rows.map(({ copy, picture, labels }) => {
          const label = (kind: string, id: string): string => labels[`${kind}:${id}`] ?? `${kind}:?`;
          const text = picture.replaceAll(/(entry|hold):(\d+)/g, (_, kind: string, id: string) => label(kind, id));
          return [copy, { text, label }];
        }),
      );
    },
  };
}

async function copyFunction(database: Database): Promise<string> {
  const inserts: string[] = [];
  for (const [table, ids] of Object.entries(tables)) {
    const columns = await database.query<{ name: string }>(
      `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
      [`tallystick.${table}`],
    );
    const names = columns.map(({ name }) => name);
    const values = names.map((name) => {
      if (ids.includes(name)) return `${name} + copy * ${STRIDE}`;
      return name === "user_id" || name === "fact" ? `copy || '/' || ${name}` : name;
    });
    inserts.push(
      `insert into tallystick.${table} (${names.join(", ")}) overriding system value
       select ${values.join(", ")} from race.${table}, generate_series(p_first, p_last) copy where state = p_state;`,
    );
  }
  return `create function race.make_copies(p_state text, p_first bigint, p_last bigint) returns void language plpgsql as $$
    begin ${inserts.join("\n")} end $$`;
}

// Entries and holds are named by their ids here and by their places afterwards; times count whole days from now.
const pictureFunction = `
  create function race.days(p_time timestamptz) returns text language sql stable as $$
    select case when isfinite(p_time) then round(extract(epoch from p_time - clock_timestamp()) / 86400)::text else p_time::text end
  $$;
  create function race.pictures(p_copies bigint[]) returns table (copy bigint, picture jsonb, labels jsonb)
  language sql stable set jit = off as $$
    with account as materialized (
      select account.id, account.id / ${STRIDE} as copy, (select user_id from race.user_credit kept
        where kept.id = account.id % ${STRIDE}) as name
      from unnest(p_copies) copy join tallystick.user_credit account
        on account.id between copy * ${STRIDE} and copy * ${STRIDE} + ${STRIDE - 1}
      union all
      select account.id, copy, 'new ' || name
      from unnest(p_copies) copy cross join unnest(array['u', 'v', 'w']) name
      join tallystick.user_credit account on account.user_id = copy || '/' || name and account.id >= ${FIRST_NEW_ID}
    ), drawn as (
      select account.copy, account.name, jsonb_build_object(
        'user', case when user_credit.user_id like 'erased:%' then 'erased' else split_part(user_credit.user_id, '/', 2) end,
        'merged', (select name from account target where target.id = user_credit.merged_into_id),
        'book', current_credits, 'debt', user_credit.debt, 'seq', seq, 'limited', limited,
        'frozen', array[frozen_at is not null and true, frozen_reason is not null], 'frozen_by', frozen_by,
        'totals', array[totals.balance, totals.available, totals.held, totals.debt],
        'entries', (select jsonb_agg(jsonb_build_array(seq, type, amount, balance_after, 'entry:' || operation_id,
            payment_id % ${STRIDE}, 'entry:' || refund_of_id, refund_draw, answered_balance, answered_available,
            idempotency_key, provider, split_part(fact, ':', 1) = fact, actor, description, feature, member) order by seq)
          from tallystick.credit_transaction where account_id = account.id),
        'lots', (select jsonb_agg(jsonb_build_array('entry:' || lot.id, lot.amount, remaining_amount, held_amount, open, priority, scope,
            race.days(effective_at), race.days(expiration_date), expiration_date_processed_at is not null,
            lot.payment_id % ${STRIDE}) order by lot.id)
          from tallystick.credit_lot lot where lot.account_id = account.id),
        'draws', (select jsonb_agg(jsonb_build_array('entry:' || transaction_id, n, 'entry:' || lot_id, draw.amount) order by transaction_id, n)
          from tallystick.credit_transaction entry join tallystick.credit_allocation draw on draw.transaction_id = entry.id
          where entry.account_id = account.id),
        'holds', (select jsonb_agg(jsonb_build_array('hold:' || id, amount, captured_amount, status, race.days(expires_at),
            'entry:' || capture_transaction_id, answered_balance, answered_available, settle_answered_balance,
            settle_answered_available, idempotency_key, settle_idempotency_key,
            (select jsonb_agg(jsonb_build_array('entry:' || lot_id, part.amount) order by n)
             from tallystick.credit_hold_lot part where part.hold_id = hold.id)) order by id)
          from tallystick.credit_hold hold where hold.account_id = account.id),
        'limits', (select jsonb_agg(jsonb_build_array(member, period, spend_limit.amount, counter.amount) order by member, period)
          from tallystick.credit_spend_limit spend_limit left join tallystick.credit_spend_counter counter on counter.limit_id = spend_limit.id
          where account_id = account.id),
        'enrolments', (select jsonb_agg(jsonb_build_array(plan_id, next_period, race.days(next_due_at), ended_at is not null) order by plan_id, id)
          from tallystick.credit_enrolment where account_id = account.id)) as drawn
      from account join tallystick.user_credit using (id)
      cross join lateral tallystick.account_totals(id, current_credits, user_credit.debt, clock_timestamp()) totals
    )
    select copy,
      jsonb_build_object('accounts', (select jsonb_object_agg(drawn.name, drawn.drawn) from drawn where drawn.copy = p.copy),
        'returned', (select to_jsonb(told) - '{payment_id,updated_at}'::text[] from tallystick.credit_return told
          where payment_id = p.copy * ${STRIDE} + ${PAYMENT})),
      coalesce((select jsonb_object_agg('entry:' || entry.id, account.name || '#' || entry.seq)
        from account join tallystick.credit_transaction entry on entry.account_id = account.id where account.copy = p.copy), '{}')
      || coalesce((select jsonb_object_agg('hold:' || id, label) from (
          select hold.id, account.name || ' hold ' || row_number() over (partition by account.id order by hold.id) as label
          from account join tallystick.credit_hold hold on hold.account_id = account.id where account.copy = p.copy) held), '{}')
    from unnest(p_copies) p (copy)
  $$;`;

// A table full of tasks: finished ones, the older half of them old, and due ones, in lanes and without.
import type pg from "pg";

const lanes = 2000;

export async function fillTasks(
  pool: pg.Pool,
  { finished, waiting }: { readonly finished: number; readonly waiting: number },
): Promise<void> {
  await pool.query(
    `insert into tallystick.task (name, status, attempts, max_attempts, run_at, created_at, updated_at, started_at, finished_at, worker)
     select 'note', 'done', 1, 3, t, t, t, t, t, 'bench' from generate_series(1, $1::integer) n,
       lateral (select now() - make_interval(days => case when n <= $1 / 2 then 60 else 1 end, secs => -n / 100.0) as t) at`,
    [finished],
  );
  await pool.query(
    `insert into tallystick.task (name, lane, max_attempts, run_at, created_at, updated_at)
     select 'note', case when n % 2 = 0 then 'customer-' || n / 2 % $2 end, 3, now() - interval '1 minute', now(), now()
     from generate_series(1, $1::integer) n`,
    [waiting, lanes],
  );
  await pool.query(
    `insert into tallystick.task_lane (name, ready_at)
     select lane, min(run_at) from tallystick.task where status = 'pending' and lane is not null group by lane
     on conflict (name) do nothing`,
  );
}

import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { createEmptyDatabase } from "../../test/support/database.ts";
import { connect, type Database } from "./database.ts";
import { migrate, type SqlFile } from "./migrate.ts";
import { migrations } from "./migrations.generated.ts";

const names = migrations.map(({ name }) => name);
const answering = (value: number): SqlFile[] => [
  {
    name: "answer",
    sql: `create or replace function tallystick.answer() returns integer language sql as $$ select ${value} $$`,
  },
];

async function withEmpty(work: (database: Database, url: string) => Promise<void>): Promise<void> {
  const url = await createEmptyDatabase();
  const database = connect(url);
  try {
    await work(database, url);
  } finally {
    await database.close();
  }
}

describe("migrate", () => {
  it("applies every migration once, in order, and finds nothing to do when called again", async () => {
    await withEmpty(async (database) => {
      expect(await migrate(database, answering(1))).toEqual({ applied: names, functionsReplaced: true });
      expect(await migrate(database, answering(1))).toEqual({ applied: [], functionsReplaced: false });
    });
  });

  it("called by four processes at once is done by one of them, and all find it done", async () => {
    await withEmpty(async (database, url) => {
      const processes = Array.from({ length: 4 }, () => connect(url, { poolSize: 1 }));
      const results = await Promise.all(processes.map(async (each) => migrate(each, answering(1))));
      expect(results.filter(({ applied }) => applied.length === names.length)).toHaveLength(1);
      expect(
        results.filter(({ applied, functionsReplaced }) => applied.length === 0 && !functionsReplaced),
      ).toHaveLength(3);
      expect(await database.query("select tallystick.answer()")).toEqual([{ answer: 1 }]);
      await Promise.all(processes.map(async (each) => each.close()));
    });
  });

  it("refuses a migration that was edited after it was applied, and changes nothing", async () => {
    await withEmpty(async (database) => {
      await migrate(database, answering(1));
      await database.query("update tallystick.migration set hash = 'other' where name = $1", [names[1]]);
      await expect(migrate(database, answering(2))).rejects.toMatchObject({
        code: "invalid_state",
        message: expect.stringContaining(names[1] ?? "?"),
      });
      expect(await database.query("select tallystick.answer()")).toEqual([{ answer: 1 }]);
    });
  });

  it("refuses a database that a newer version migrated, and changes nothing", async () => {
    await withEmpty(async (database) => {
      await migrate(database, answering(1));
      await database.query("insert into tallystick.migration (name, hash) values ('9999_later', 'x')");
      await expect(migrate(database, answering(2))).rejects.toMatchObject({
        code: "invalid_state",
        message: expect.stringContaining("9999_later"),
      });
      expect(await database.query("select tallystick.answer()")).toEqual([{ answer: 1 }]);
    });
  });

  it("applies what a newer version adds to an older database, and only that", async () => {
    await withEmpty(async (database) => {
      await migrate(database, answering(1), migrations.slice(0, -1));
      expect(await migrate(database, answering(1))).toEqual({ applied: names.slice(-1), functionsReplaced: false });
    });
  });

  it("moves attempts that run at that moment to their tasks' rows, and keeps the others", async () => {
    const before = migrations.filter(({ name }) => name < "0028");
    await withEmpty(async (database) => {
      await migrate(database, answering(1), before);
      await database.query(
        `insert into tallystick.task (name, status, lease_token, attempts, max_attempts, run_at, created_at, updated_at)
         select name, status, token, 2, 9, now(), now(), '2026-01-01' from (values ('waits', 'pending', null),
           ('runs', 'running', 7), ('runs without an attempt', 'running', 8), ('ended', 'done', null)) given (name, status, token)`,
      );
      await database.query(
        `insert into tallystick.task_attempt (task_id, attempt, lease_token, outcome, worker, started_at)
         select id, attempt, token, outcome, 'w', '2026-01-02' from tallystick.task join (values ('waits', 1, 5, 'retry'),
           ('runs', 1, 6, 'lost'), ('runs', 2, 7, 'running'), ('ended', 2, 4, 'done')) given (task_name, attempt, token, outcome)
           on name = task_name`,
      );
      await migrate(database, answering(1));
      const tasks = "select name, started_at::date::text as started, worker from tallystick.task order by id";
      expect(await database.query(tasks)).toEqual([
        { name: "waits", started: null, worker: null },
        { name: "runs", started: "2026-01-02", worker: "w" },
        { name: "runs without an attempt", started: "2026-01-01", worker: null },
        { name: "ended", started: null, worker: null },
      ]);
      expect(
        await database.query("select outcome, lease_token from tallystick.task_attempt order by lease_token"),
      ).toEqual([
        { outcome: "done", lease_token: 4 },
        { outcome: "retry", lease_token: 5 },
        { outcome: "lost", lease_token: 6 },
      ]);
    });
  });

  it("installs the functions anew when their text changed", async () => {
    await withEmpty(async (database) => {
      await migrate(database, answering(1));
      expect(await migrate(database, answering(2))).toEqual({ applied: [], functionsReplaced: true });
      expect(await database.query("select tallystick.answer()")).toEqual([{ answer: 2 }]);
    });
  });

  it("leaves no older form of a function beside one whose parameters changed", async () => {
    const withParameter: SqlFile[] = [
      {
        name: "answer",
        sql: "create or replace function tallystick.answer(n integer default 7) returns integer language sql as $$ select n $$",
      },
    ];
    await withEmpty(async (database) => {
      await migrate(database, answering(1));
      await migrate(database, withParameter);
      expect(await database.query("select tallystick.answer()")).toEqual([{ answer: 7 }]);
    });
  });

  it("leaves nothing behind when it fails halfway", async () => {
    await withEmpty(async (database) => {
      await expect(
        migrate(database, [{ name: "broken", sql: "create function tallystick.broken( language sql" }]),
      ).rejects.toThrow(/syntax error/);
      expect(await database.query("select to_regnamespace('tallystick') as schema")).toEqual([{ schema: null }]);
      expect(await migrate(database, answering(1))).toMatchObject({ applied: names });
    });
  });

  it("works where transactions are serializable by default, also at once", async () => {
    await withEmpty(async (database, url) => {
      await database.query(
        `alter database ${new URL(url).pathname.slice(1)} set default_transaction_isolation to 'serializable'`,
      );
      const processes = [connect(url, { poolSize: 1 }), connect(url, { poolSize: 1 })];
      const results = await Promise.all(processes.map(async (each) => migrate(each, answering(1))));
      expect(results.map(({ applied }) => applied.length).toSorted((a, b) => a - b)).toEqual([0, names.length]);
      await Promise.all(processes.map(async (each) => each.close()));
    });
  });

  it("works through Drizzle", async () => {
    const pool = new pg.Pool({ connectionString: await createEmptyDatabase(), max: 1 });
    const database = connect(drizzle(pool));
    expect(await migrate(database, answering(3))).toMatchObject({ applied: names });
    expect(await database.query("select tallystick.answer()")).toEqual([{ answer: 3 }]);
    await pool.end();
  });
});

// What a transaction ends with, and transactions that follow each other, on every source.
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase } from "../../test/support/database.ts";
import { sqlState } from "./database-error.ts";
import { connect, type Database } from "./database.ts";
import type { Ending } from "./port.ts";

const names = ["a connection string", "a pg pool", "a pipelining pg pool", "a Drizzle database"] as const;
let pools: pg.Pool[];
let databases: Record<(typeof names)[number] | "a fixed clock", Database>;

beforeAll(async () => {
  const connectionString = await createTestDatabase();
  const plain = new pg.Pool({ connectionString, max: 1 });
  const pipelining = new pg.Pool({ connectionString, max: 1, pipeline: true });
  pools = [plain, pipelining];
  // One connection each: what is not given back is missed by the next statement.
  databases = {
    "a connection string": connect(connectionString, { poolSize: 1 }),
    "a pg pool": connect(plain),
    "a pipelining pg pool": connect(pipelining),
    "a Drizzle database": connect(drizzle(plain)),
    "a fixed clock": connect(connectionString, { poolSize: 1, clock: () => new Date("2026-01-31T10:00:00Z") }),
  };
  await plain.query(`create table written (value text primary key deferrable initially deferred);
    create function refuse(value text) returns void language plpgsql as $$
    begin raise exception 'refused' using errcode = 'LEASE'; end $$`);
});
beforeEach(async () => {
  await pools[0]?.query("truncate written");
});
afterAll(async () => {
  await Promise.all(Object.values(databases).map(async (database) => database.close()));
  await Promise.all(pools.map(async (pool) => pool.end()));
});

const insert = "insert into written (value) values ($1)";
const ending = (value: string): Ending => ({ text: insert, values: [value] });

async function written(): Promise<unknown[]> {
  const answer = await pools[0]?.query("select value from written order by value");
  return (answer?.rows ?? []).map(({ value }: { value: string }) => value);
}

describe.each(names)("a transaction on %s", (name) => {
  it("ends with the statement that is made of its result", async () => {
    const result = await databases[name].transaction(async (tx) => {
      await tx.query(insert, ["first"]);
      return "last";
    }, ending);
    expect(result).toBe("last");
    expect(await written()).toEqual(["first", "last"]);
  });

  it("commits nothing when that statement raises, and tells its error", async () => {
    const work = databases[name].transaction(
      async (tx) => tx.query(insert, ["first"]),
      () => ({ text: "select refuse($1)", values: ["x"] }),
    );
    expect(sqlState(await work.catch((error: unknown) => error))).toBe("LEASE");
    expect(await written()).toEqual([]);
    expect(await databases[name].query("select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("commits nothing when the statement can't be made", async () => {
    const work = databases[name].transaction(
      async (tx) => tx.query(insert, ["first"]),
      () => {
        throw new TypeError("no statement");
      },
    );
    await expect(work).rejects.toThrow(TypeError);
    expect(await written()).toEqual([]);
    expect(await databases[name].query("select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("tells of a commit that the database refuses", async () => {
    const work = databases[name].transaction(
      async (tx) => tx.query(insert, ["same"]),
      () => ending("same"),
    );
    expect(sqlState(await work.catch((error: unknown) => error))).toBe("23505");
    expect(await written()).toEqual([]);
  });

  it.skipIf(name === "a Drizzle database")(
    "in which a failed statement was passed over does not pass for committed",
    async () => {
      const work = databases[name].transaction(async (tx) => {
        await tx.query(insert, ["first"]);
        await tx.query("select 1 / 0").catch(() => undefined);
      });
      await expect(work).rejects.toThrow("rolled back");
      expect(await written()).toEqual([]);
    },
  );
});

describe.each([...names, "a fixed clock"] as const)("transactions that follow each other on %s", (name) => {
  it("each commit by themselves, and leave no connection behind", async () => {
    const left = ["b", "c"];
    const { transaction, end } = databases[name].succession(() => left.length > 0);
    const ids: unknown[] = [];
    for (let value: string | undefined = "a"; value !== undefined; value = left.shift()) {
      await transaction(async (tx) => {
        ids.push((await tx.query("select pg_current_xact_id()::text as id"))[0]);
        await tx.query(insert, [value]);
      });
      expect(await written()).toContain(value);
    }
    expect(new Set(ids.map((row) => JSON.stringify(row))).size).toBe(3);
    await end();
    expect(await databases[name].query("select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("undo the one that fails alone, whether its work, its ending or its commit does", async () => {
    const { transaction, end } = databases[name].succession(() => true);
    const failing = [
      async () => transaction(async (tx) => tx.query("select 1 / 0")),
      async () =>
        transaction(
          async (tx) => tx.query(insert, ["x"]),
          () => ({ text: "select refuse($1)", values: ["x"] }),
        ),
      async () =>
        transaction(
          async (tx) => tx.query(insert, ["same"]),
          () => ending("same"),
        ),
    ];
    const codes = ["22012", "LEASE", "23505"];
    for (const [index, fail] of failing.entries()) {
      await transaction(async (tx) => tx.query(insert, [`before ${index}`]));
      expect(sqlState(await fail().catch((error: unknown) => error))).toBe(codes[index]);
      // Also with a pool of one: a failure gives its connection back.
      expect(await databases[name].query("select 1 as one")).toEqual([{ one: 1 }]);
    }
    await transaction(async (tx) => tx.query(insert, ["last"]));
    await end();
    expect(await written()).toEqual(["before 0", "before 1", "before 2", "last"]);
    expect(await databases[name].query("select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("write nothing by the one that was begun and not used", async () => {
    const { transaction, end } = databases[name].succession(() => true);
    await transaction(async (tx) => tx.query(insert, ["a"]));
    await end();
    await end();
    expect(await written()).toEqual(["a"]);
    const open = "select 1 from pg_stat_activity where datname = current_database() and state like 'idle in%'";
    expect(await databases["a connection string"].query(open)).toEqual([]);
  });
});

it("a transaction that follows is begun with the commit of the one before, where the connection pipelines", async () => {
  const pool = pools[1];
  const { transaction, end } = databases["a pipelining pg pool"].succession(() => true);
  await transaction(async (tx) => tx.query("select 1"));
  // The one connection is held: it is in the next transaction.
  expect(pool?.idleCount).toBe(0);
  await end();
  expect(pool?.idleCount).toBe(1);
});

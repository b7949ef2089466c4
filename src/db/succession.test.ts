// What a transaction ends with, and transactions that follow each other, on every source.
import { once } from "node:events";
import { createServer, connect as connectSocket, type AddressInfo } from "node:net";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createTestDatabase } from "../../test/support/database.ts";
import { sqlState } from "./database-error.ts";
import { connect, type Database } from "./database.ts";
import type { Ending } from "./port.ts";

const names = ["a connection string", "a pg pool", "a pipelining pg pool", "a Drizzle database"] as const;
let url: string;
let pools: pg.Pool[];
let databases: Record<(typeof names)[number] | "a fixed clock", Database>;

beforeAll(async () => {
  url = await createTestDatabase();
  const plain = new pg.Pool({ connectionString: url, max: 1 });
  const pipelining = new pg.Pool({ connectionString: url, max: 1, pipeline: true });
  pools = [plain, pipelining];
  // One connection each: what is not given back is missed by the next statement.
  databases = {
    "a connection string": connect(url, { poolSize: 1 }),
    "a pg pool": connect(plain),
    "a pipelining pg pool": connect(pipelining),
    "a Drizzle database": connect(drizzle(plain)),
    "a fixed clock": connect(url, { poolSize: 1, clock: () => new Date("2026-01-31T10:00:00Z") }),
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

  it("in which a failed statement was passed over does not pass for committed", async () => {
    const work = databases[name].transaction(async (tx) => {
      await tx.query(insert, ["first"]);
      await tx.query("select 1 / 0").catch(() => undefined);
    });
    await expect(work).rejects.toThrow("was rolled back");
    expect(await written()).toEqual([]);
  });

  it("in which a statement failed within a savepoint commits the rest", async () => {
    await databases[name].transaction(async (tx) => {
      await tx.query(insert, ["first"]);
      await tx.query("savepoint before");
      await tx.query("select 1 / 0").catch(() => undefined);
      await tx.query("rollback to savepoint before");
    });
    expect(await written()).toEqual(["first"]);
  });

  it("refuses what its work left behind and sends when it is over", async () => {
    let left: Promise<unknown> = Promise.resolve();
    const gate = Promise.withResolvers<undefined>();
    await databases[name].transaction(async (tx) => {
      await tx.query(insert, ["first"]);
      left = gate.promise.then(async () => tx.query(insert, ["late"])).catch((error: unknown) => error);
    });
    gate.resolve(undefined);
    expect(await left).toMatchObject({ code: "invalid_state" });
    expect(await written()).toEqual(["first"]);
  });

  it("refuses what the rest of its work sends when a part of it has failed", async () => {
    const others: Promise<unknown>[] = [];
    const work = databases[name].transaction(async (tx) => {
      const parts = ["a", "b", "c"].map(async (value) => {
        await tx.query("select $1::text", [value]);
        if (value === "a") throw new TypeError("bad input");
        await tx.query(insert, [value]);
      });
      others.push(...parts);
      await Promise.all(parts);
    });
    await expect(work).rejects.toThrow(TypeError);
    await Promise.allSettled(others);
    expect(await written()).toEqual([]);
  });
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

it("a request that waits for a connection is served before the next transaction", async () => {
  const database = databases["a connection string"];
  const { transaction, end } = database.succession(() => true);
  let waiting: Promise<unknown[]> | undefined;
  await transaction(async () => {
    waiting = database.query("select 1 as one");
  });
  expect(await waiting).toEqual([{ one: 1 }]);
  await transaction(async (tx) => tx.query(insert, ["next"]));
  await end();
  expect(await written()).toEqual(["next"]);
});

it("a connection that breaks behind the commit's answer does not make it a failure", async () => {
  const proxy = await cutAfterCommit(url);
  const database = connect(proxy, { poolSize: 1 });
  onTestFinished(async () => database.close());
  const { transaction, end } = database.succession(() => true);
  expect(
    await transaction(async (tx) => {
      await tx.query(insert, ["kept"]);
      return "committed";
    }),
  ).toBe("committed");
  expect(await written()).toEqual(["kept"]);
  await transaction(async (tx) => tx.query(insert, ["next"]));
  await end();
  expect(await written()).toEqual(["kept", "next"]);
});

/** Answers the address of a proxy that ends the first connection when the server has said that its commit is done. */
async function cutAfterCommit(target: string): Promise<string> {
  const { hostname, port } = new URL(target);
  const said = Buffer.from("COMMIT\0");
  let hasCut = false;
  const server = createServer((client) => {
    const upstream = connectSocket(Number(port), hostname);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on("error", end).on("close", end);
    client.on("data", (chunk) => upstream.write(chunk));
    upstream.on("data", (chunk) => {
      const at = hasCut ? -1 : chunk.indexOf(said);
      if (at < 0) return void client.write(chunk);
      hasCut = true;
      // With the ReadyForQuery behind it: six bytes.
      client.write(chunk.subarray(0, at + said.length + 6), end);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const own = new URL(target);
  own.port = String((server.address() as AddressInfo).port);
  return own.href;
}

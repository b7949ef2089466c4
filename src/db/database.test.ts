import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEmptyDatabase, createTestDatabase } from "../../test/support/database.ts";
import { connect, joinTransaction, type Database, type Queryable } from "./database.ts";

let url: string;
let pool: pg.Pool;
let preparing: pg.Pool;
let databases: Record<string, Database>;

beforeAll(async () => {
  url = await createTestDatabase();
  pool = new pg.Pool({ connectionString: url, max: 3 });
  // Without a listener a lost connection ends the process. Drizzle adds none to the client of a transaction.
  pool.on("connect", (client) => client.on("error", () => undefined));
  preparing = new pg.Pool({ connectionString: url, max: 3 });
  databases = {
    "a connection string": connect(url),
    "a pg pool": connect(pool),
    "a Drizzle database": connect(drizzle(pool)),
    "a connection string with prepared statements": connect(url, { preparedStatements: true }),
    "a pg pool with prepared statements": connect(preparing, { preparedStatements: true }),
  };
});
afterAll(async () => {
  await Promise.all(Object.values(databases).map(async (database) => database.close()));
  await pool.end();
  await preparing.end();
});

type Use = (work: (queryable: Queryable) => Promise<void>) => Promise<void>;

/** Every way in which a statement reaches Postgres. */
const ways: Record<string, Use> = {
  ...Object.fromEntries(
    [
      "a connection string",
      "a pg pool",
      "a Drizzle database",
      "a connection string with prepared statements",
      "a pg pool with prepared statements",
    ].flatMap((name): [string, Use][] => [
      [name, async (work) => work(source(name))],
      [`${name}'s transaction`, async (work) => source(name).transaction(work)],
    ]),
  ),
  "a caller's pg client": async (work) => {
    const client = await pool.connect();
    await client.query("begin");
    try {
      await work(joinTransaction(client));
    } finally {
      await client.query("rollback");
      client.release();
    }
  },
  "a caller's Drizzle transaction": async (work) => drizzle(pool).transaction(async (tx) => work(joinTransaction(tx))),
};

function source(name: string): Database {
  const found = databases[name];
  if (found === undefined) throw new Error(`no source ${name}`);
  return found;
}

describe.each(Object.entries(ways))("through %s", (way, use) => {
  it("rows have the same types: safe integers, dates, parsed JSON", async () => {
    await use(async (queryable) => {
      const rows =
        await queryable.query(`select 9007199254740991 as big, -1::bigint as negative, sum(n::bigint) as total, count(*) as n,
        7::integer as small, '2026-01-31 10:00:00.123456+00'::timestamptz as moment, null::timestamptz as never, null::bigint as none,
        '{"a": [1, {"b": null}]}'::jsonb as object, '[1, "x"]'::json as list, '"text"'::jsonb as word, 'null'::jsonb as empty,
        true as yes, 'text' as text, '123'::text as digits from generate_series(1, 3) n`);
      expect(rows).toEqual([
        {
          big: Number.MAX_SAFE_INTEGER,
          negative: -1,
          total: 6,
          n: 3,
          small: 7,
          moment: new Date("2026-01-31T10:00:00.123Z"),
          never: null,
          none: null,
          object: { a: [1, { b: null }] },
          list: [1, "x"],
          word: "text",
          empty: null,
          yes: true,
          text: "text",
          digits: "123",
        },
      ]);
    });
  });

  it("parameters arrive as they were given", async () => {
    const text = `it's "quoted" \\ $1 \n\t {a,b} 😀`;
    const texts = [text, "", "null", "a,b", "\u0001"];
    await use(async (queryable) => {
      const rows = await queryable.query(
        `select $1::text as text, $2::bigint as big, $3::timestamptz as moment, $4::jsonb as json, $5::text[] as texts, $6::bigint[] as numbers,
           $7::text as nothing, $8::boolean as yes, $9::bytea as bytes, $1::text = any ($5::text[]) as found, $10::text as tenth`,
        [
          text,
          Number.MAX_SAFE_INTEGER,
          new Date("2026-01-31T10:00:00.123Z"),
          JSON.stringify({ text }),
          texts,
          [1, 2],
          null,
          false,
          Buffer.from([0, 255]),
          "x",
        ],
      );
      expect(rows).toEqual([
        {
          text,
          big: Number.MAX_SAFE_INTEGER,
          moment: new Date("2026-01-31T10:00:00.123Z"),
          json: { text },
          texts,
          numbers: expect.anything(),
          nothing: null,
          yes: false,
          bytes: Buffer.from([0, 255]),
          found: true,
          tenth: "x",
        },
      ]);
    });
  });

  it("a whole number beyond 2^53-1 is an error and not another number", async () => {
    await expect(
      use(async (queryable) => void (await queryable.query("select 9007199254740992 as big"))),
    ).rejects.toMatchObject({
      code: "internal",
    });
  });

  it("nothing is prepared under a name, which a transaction pooler would lose, unless it is asked for", async () => {
    const prepared = "select name from pg_prepared_statements where statement = 'select $1::text'";
    await use(async (queryable) => {
      await queryable.query("select $1::text", ["x"]);
      // A pool's statements may each come to another connection.
      const names = (await Promise.all([1, 2, 3].map(async () => queryable.query(prepared)))).flat();
      if (way.includes("prepared statements"))
        expect(names).toContainEqual({ name: expect.stringMatching(/^tallystick_/) });
      else expect(names).toEqual([]);
    });
  });
});

describe.each(["a connection string", "a pg pool", "a Drizzle database"])("a transaction on %s", (name) => {
  it("commits when its work returns, and answers what it answered", async () => {
    const answer = await source(name).transaction(async (tx) => {
      await tx.query("insert into tallystick.user_credit (user_id) values ($1)", [`kept ${name}`]);
      return 42;
    });
    expect(answer).toBe(42);
    expect(
      await source(name).query("select 1 from tallystick.user_credit where user_id = $1", [`kept ${name}`]),
    ).toHaveLength(1);
  });

  it("rolls back when its work throws, and passes the error on", async () => {
    class Undone extends Error {}
    const work = source(name).transaction(async (tx) => {
      await tx.query("insert into tallystick.user_credit (user_id) values ($1)", [`lost ${name}`]);
      throw new Undone();
    });
    await expect(work).rejects.toThrow(Undone);
    expect(
      await source(name).query("select 1 from tallystick.user_credit where user_id = $1", [`lost ${name}`]),
    ).toEqual([]);
  });

  it("that loses its backend fails as storage_unavailable, and the next one works", async () => {
    const work = source(name).transaction(async (tx) => {
      const [row] = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
      await connectOnce(async (other) => void (await other.query("select pg_terminate_backend($1)", [row?.pid])));
      await tx.query("select 1");
    });
    await expect(work).rejects.toMatchObject({ code: "storage_unavailable", retryable: true });
    expect(await source(name).transaction(async (tx) => tx.query("select 1 as one"))).toEqual([{ one: 1 }]);
  });

  it("is READ COMMITTED whatever the server's default is", async () => {
    const strict = await createEmptyDatabase();
    await connectOnce(async (client) => {
      await client.query(
        `alter database ${new URL(strict).pathname.slice(1)} set default_transaction_isolation to 'serializable'`,
      );
    });
    const own = new pg.Pool({ connectionString: strict, max: 1 });
    const opened = {
      "a connection string": connect(strict),
      "a pg pool": connect(own),
      "a Drizzle database": connect(drizzle(own)),
    }[name];
    const level = await opened?.transaction(async (tx) => tx.query("show transaction_isolation"));
    await opened?.close();
    await own.end();
    expect(level).toEqual([{ transaction_isolation: "read committed" }]);
  });
});

async function connectOnce(work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

describe("the database port", () => {
  it("reads times the same in whatever time zone the session is", async () => {
    for (const zone of ["UTC", "Asia/Kolkata", "America/St_Johns"]) {
      const rows = await source("a connection string").transaction(async (tx) => {
        await tx.query("select set_config('TimeZone', $1, true)", [zone]);
        return tx.query("select '2026-07-01 10:00+00'::timestamptz as moment");
      });
      expect(rows).toEqual([{ moment: new Date("2026-07-01T10:00:00Z") }]);
    }
  });

  it("leaves a caller's pool open, with its own parsers", async () => {
    const own = new pg.Pool({ connectionString: url });
    const database = connect(own);
    expect(await database.query("select 1::bigint as n")).toEqual([{ n: 1 }]);
    await database.close();
    expect((await own.query("select 1::bigint as n")).rows).toEqual([{ n: "1" }]);
    await own.end();
  });

  it("says that a database is not migrated", async () => {
    const empty = connect(await createEmptyDatabase());
    await expect(empty.query("select tallystick.credit_balance('ann')")).rejects.toMatchObject({
      code: "not_migrated",
    });
    await empty.close();
  });

  it("says that a server does not answer, without its password", async () => {
    const nowhere = connect("postgres://user:sesame@127.0.0.1:1/none");
    const failure: unknown = await nowhere.query("select 1").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "storage_unavailable" });
    expect(String(failure)).not.toContain("sesame");
    await expect(nowhere.transaction(async (tx) => tx.query("select 1"))).rejects.toMatchObject({
      code: "storage_unavailable",
    });
    await nowhere.close();
  });

  it("refuses what is no database and no transaction", () => {
    expect(() => connect({} as never)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    expect(() => connect(undefined as never)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    expect(() => joinTransaction({} as never)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });

  it("with a clock, answers that time in every statement and transaction", async () => {
    const now = new Date("2030-01-01T00:00:00Z");
    const database = connect(url, { clock: () => now, poolSize: 1 });
    const read = "select tallystick.clock() as now";
    expect(await database.query(read)).toEqual([{ now }]);
    expect(await database.transaction(async (tx) => tx.query(read))).toEqual([{ now }]);
    await database.close();
    const [row] = await source("a connection string").query<{ away: number }>(
      "select abs(extract(epoch from tallystick.clock() - clock_timestamp()))::integer as away",
    );
    expect(row?.away).toBe(0);
  });
});

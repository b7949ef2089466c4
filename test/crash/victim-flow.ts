// A process with work of several transactions: it comes to a named step, says so, and waits there for its end.
import process from "node:process";
import { createCredits } from "../../src/credits/index.ts";
import { connect, type Database } from "../../src/db/database.ts";
import { plans } from "../properties/ledger-fixture.ts";

const [url = "", flow = "", step = "", key = ""] = process.argv.slice(2);
let lastStep = 0;

/** Comes to a step; does not return from the one at which the process is to be killed. */
async function reach(name: string): Promise<void> {
  if (name !== step) return;
  process.send?.(name);
  await new Promise(() => undefined);
}

/** A database whose statements are steps: before each is sent, and when its answer is there and nobody has seen it. */
function stepping(database: Database): Database {
  return {
    ...database,
    async query<Row>(text: string, values?: readonly unknown[]) {
      const name = /tallystick\.(\w+)\(/.exec(text)?.[1] ?? "statement";
      lastStep += 1;
      const n = lastStep;
      await reach(`${n} before ${name}`);
      const rows = await database.query<Row>(text, values);
      await reach(`${n} after ${name}`);
      return rows;
    },
  };
}

// pg waits without keeping the process; the parent's channel keeps it.
process.on("message", () => undefined);
process.on("disconnect", () => process.exit());

const database = connect(url, { poolSize: 2 });
const credits = createCredits(stepping(database), plans);

const flows: Readonly<Record<string, () => Promise<unknown>>> = {
  withHold: async () =>
    credits.withHold({ userId: "ann", amount: 30, expiresInSeconds: 600 }, async ({ use }) => {
      use(12);
      await reach("in the work");
    }),
  expire: async () => credits.expire({ batchSize: 10 }),
  releaseHolds: async () => credits.releaseHolds({ batchSize: 10 }),
  distribute: async () => credits.distribute({ batchSize: 10 }),
  // The product's own row and the ledger's entry, in the product's transaction.
  callersTransaction: async () => {
    await database.transaction(async (tx) => {
      await reach("begun");
      await tx.query("insert into product values ($1) on conflict do nothing", [key]);
      await reach("product written");
      await createCredits(database, plans).consume({ userId: "ann", amount: 5, idempotencyKey: key }, { tx });
      await reach("consumed");
    });
    await reach("committed");
  },
};
await flows[flow]?.();
await reach("the end");
process.exit();

// A process that is killed: it makes calls of the ledger that stop at named steps, and waits for its end.
import process from "node:process";
import { createCredits } from "../../src/credits/index.ts";
import { connect } from "../../src/db/database.ts";
import { perform, type OperationName, type Subject } from "../concurrency/race/operations.ts";
import { plans } from "../properties/ledger-fixture.ts";

export interface VictimCall {
  readonly victim: string;
  readonly url: string;
  readonly name: OperationName;
  readonly subject: Subject;
}

process.on("message", ({ victim, url, name, subject }: VictimCall) => {
  const database = connect(url, { poolSize: 1 });
  void perform(name, { database, credits: createCredits(database, plans) }, subject).finally(async () => {
    await database.close();
    process.send?.(victim);
  });
});
process.on("disconnect", () => process.exit());

// A process that drains the task queue of an engine and is killed on the way.
import process from "node:process";
import { crashEngine } from "./crash-engine.ts";

const tally = crashEngine(process.argv[2] ?? "", 1);
await tally.drain();
await tally.close();

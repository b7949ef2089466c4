// Trigger.dev by a stand-in that speaks its HTTP API, with the tasks of examples/trigger in its worker.
import { vi } from "vitest";
import { conforms } from "./conforms.ts";
import { startTrigger } from "./trigger-service.ts";

vi.mock("../../examples/trigger/tally.ts", async () => import("./trigger-tally.ts"));

conforms("Trigger.dev", async () => ({ kind: "trigger", ...(await startTrigger()) }));

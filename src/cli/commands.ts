// Every command, in the order in which the help lists them.
import type { Command, DiagnosticCommand } from "./command.ts";
import { audit } from "./audit.ts";
import { balance } from "./balance.ts";
import { consume } from "./consume.ts";
import { distribute } from "./distribute.ts";
import { doctor } from "./doctor.ts";
import { drain, tick } from "./drain.ts";
import { events } from "./events.ts";
import { expire } from "./expire.ts";
import { grant } from "./grant.ts";
import { migrate } from "./migrate.ts";
import { replay } from "./replay.ts";
import { seal } from "./seal.ts";
import { tasks } from "./tasks.ts";

export const commands: readonly (Command | DiagnosticCommand)[] = [
  migrate,
  doctor,
  balance,
  grant,
  consume,
  expire,
  distribute,
  tick,
  drain,
  events,
  tasks,
  replay,
  audit,
  seal,
];

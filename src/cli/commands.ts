// Every command, in the order in which the help lists them.
import type { Command, DiagnosticCommand } from "./command.ts";
import { adjust } from "./adjust.ts";
import { audit } from "./audit.ts";
import { balance } from "./balance.ts";
import { capture } from "./capture.ts";
import { consume } from "./consume.ts";
import { distribute } from "./distribute.ts";
import { doctor } from "./doctor.ts";
import { drain, tick } from "./drain.ts";
import { erase } from "./erase.ts";
import { events } from "./events.ts";
import { expire } from "./expire.ts";
import { exportUser } from "./export-user.ts";
import { freeze, unfreeze } from "./freeze.ts";
import { grant } from "./grant.ts";
import { hold } from "./hold.ts";
import { limit } from "./limit.ts";
import { merge } from "./merge.ts";
import { migrate } from "./migrate.ts";
import { refund } from "./refund.ts";
import { replay } from "./replay.ts";
import { seal } from "./seal.ts";
import { tasks } from "./tasks.ts";
import { voidHold } from "./void.ts";

export const commands: readonly (Command | DiagnosticCommand)[] = [
  migrate,
  doctor,
  balance,
  grant,
  consume,
  hold,
  capture,
  voidHold,
  refund,
  adjust,
  limit,
  freeze,
  unfreeze,
  merge,
  exportUser,
  erase,
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

// Every command, in the order in which the help lists them.
import type { AnyCommand } from "./command.ts";
import { adjust } from "./adjust.ts";
import { alerts } from "./alerts.ts";
import { audit } from "./audit.ts";
import { balance } from "./balance.ts";
import { capture } from "./capture.ts";
import { changePlan } from "./change-plan.ts";
import { consume } from "./consume.ts";
import { cost } from "./cost.ts";
import { distribute } from "./distribute.ts";
import { doctor } from "./doctor.ts";
import { driverSetup } from "./driver-setup.ts";
import { drain, tick } from "./drain.ts";
import { enrol } from "./enrol.ts";
import {
  addEndpoint,
  disableEndpoint,
  enableEndpoint,
  listEndpoints,
  removeEndpoint,
  rollSecret,
} from "./endpoints.ts";
import { deliveries, replayDeliveries } from "./deliveries.ts";
import { endEnrolment, pauseEnrolment, resumeEnrolment } from "./enrolment.ts";
import { enrolments } from "./enrolments.ts";
import { erase } from "./erase.ts";
import { events } from "./events.ts";
import { expire } from "./expire.ts";
import { exportUser } from "./export-user.ts";
import { freeze, unfreeze } from "./freeze.ts";
import { grant } from "./grant.ts";
import { hold } from "./hold.ts";
import { limit } from "./limit.ts";
import { merge } from "./merge.ts";
import { exportCommand } from "./export.ts";
import { history } from "./history.ts";
import { migrate } from "./migrate.ts";
import { refund } from "./refund.ts";
import { reconcile } from "./reconcile.ts";
import { replay } from "./replay.ts";
import { sandbox } from "./sandbox.ts";
import { simulate } from "./simulate.ts";
import { seal } from "./seal.ts";
import { report } from "./report.ts";
import { stripeSetup } from "./stripe-setup.ts";
import { tasks } from "./tasks.ts";
import { timeZone } from "./time-zone.ts";
import { voidHold } from "./void.ts";
import { usage } from "./usage.ts";
import { work } from "./work.ts";

export const commands: readonly AnyCommand[] = [
  migrate,
  doctor,
  balance,
  history,
  usage,
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
  enrol,
  enrolments,
  changePlan,
  pauseEnrolment,
  resumeEnrolment,
  endEnrolment,
  timeZone,
  exportUser,
  erase,
  cost,
  alerts,
  expire,
  distribute,
  tick,
  drain,
  work,
  events,
  tasks,
  replay,
  reconcile,
  stripeSetup,
  driverSetup,
  listEndpoints,
  addEndpoint,
  removeEndpoint,
  rollSecret,
  enableEndpoint,
  disableEndpoint,
  deliveries,
  replayDeliveries,
  audit,
  seal,
  report,
  exportCommand,
  sandbox,
  simulate,
];

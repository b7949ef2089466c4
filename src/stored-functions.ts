// Every stored function of the library, in the order of installation: each part's own.
import { creditFunctions } from "./credits/functions.generated.ts";
import { notificationFunctions } from "./notification/functions.generated.ts";
import { outgoingFunctions } from "./outgoing/functions.generated.ts";
import { paymentFunctions } from "./payment/functions.generated.ts";
import { taskFunctions } from "./tasks/functions.generated.ts";

/** Installed after the migrations, and again whenever their text changes. */
export const storedFunctions = [
  ...creditFunctions,
  ...taskFunctions,
  ...paymentFunctions,
  ...outgoingFunctions,
  ...notificationFunctions,
];

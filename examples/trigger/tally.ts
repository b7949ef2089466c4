// Stands for the file of yours that makes your product's instance: its tasks run on Trigger.dev's workers too, so what they
// import is deployed there.
import { createTallystick, defineCatalog } from "tallystick";
import { trigger } from "tallystick/trigger";

export const tally = createTallystick({
  database: process.env["DATABASE_URL"] ?? "",
  catalog: defineCatalog({}),
  driver: trigger({ accessToken: process.env["TALLYSTICK_TRIGGER_KEY"] ?? "" }),
});

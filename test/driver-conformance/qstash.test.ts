// QStash, by a service that speaks its protocol: the real one is reached over the internet only.
import { conforms } from "./conforms.ts";
import { driverOf } from "./drivers.ts";
import { startQstash } from "./qstash-service.ts";

conforms("QStash", async () => {
  const service = await startQstash();
  await driverOf("qstash", service.url, 0)?.setUp?.();
  return { kind: "qstash", ...service };
});

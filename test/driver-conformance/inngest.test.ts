// Inngest's SDK and handler against a server that speaks its protocol.
import { conforms } from "./conforms.ts";
import { startInngest } from "./inngest-service.ts";

conforms("Inngest", startInngest);

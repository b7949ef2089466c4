// No driver: the worker of the library itself, which looks by itself.
import { conforms } from "./conforms.ts";

conforms("inline", async () => ({ kind: "inline", url: "", end: async () => undefined }));

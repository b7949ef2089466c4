// No driver: the worker of the library itself, which looks by itself.
import { conforms } from "./conforms.ts";

conforms("inline", async () => ({ name: "inline", driver: () => undefined, end: async () => undefined }));

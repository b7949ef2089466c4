// Lets the built command be run. npm does so when it links a package, and not again when a build has written it anew.
import { chmodSync } from "node:fs";
import path from "node:path";

for (const name of process.argv.slice(2)) chmodSync(path.resolve(import.meta.dirname, "..", name), 0o755);

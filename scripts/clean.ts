// Removes build output, so that a file deleted from src can't live on in a package.
import { rmSync } from "node:fs";
import path from "node:path";

for (const name of process.argv.slice(2)) {
  rmSync(path.resolve(import.meta.dirname, "..", name), { recursive: true, force: true });
}

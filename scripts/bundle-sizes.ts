// Prints what the application's built server routes weigh: the bundle that Next.js made, and all files that a deployed
// function needs for it, with packages that stay outside the bundle. Both as they lie on the disk, not compressed.
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { table } from "../src/cli/table.ts";

const build = path.resolve(import.meta.dirname, "../apps/web/.next");
const manifest = path.join(build, "server/app-paths-manifest.json");

interface Route {
  readonly name: string;
  readonly bundled: number;
  readonly traced: number;
}

function sizesOf(name: string, file: string): Route {
  const entry = path.join(build, "server", file);
  const { files } = JSON.parse(readFileSync(`${entry}.nft.json`, "utf8")) as { files: string[] };
  const needed = new Set([entry, ...files.map((inner) => path.resolve(path.dirname(entry), inner))]);
  let bundled = 0;
  let traced = 0;
  for (const inner of needed) {
    // A link to a folder is packed as a link.
    const stat = statSync(inner);
    if (!stat.isFile()) continue;
    traced += stat.size;
    if (inner.startsWith(build + path.sep) && inner.endsWith(".js")) bundled += stat.size;
  }
  return { name, bundled, traced };
}

if (existsSync(manifest)) {
  const entries = Object.entries(JSON.parse(readFileSync(manifest, "utf8")) as Record<string, string>);
  const routes = entries
    .filter(([, file]) => existsSync(path.join(build, "server", `${file}.nft.json`)))
    .map(([name, file]) => sizesOf(name.replace(/\/(route|page)$/, "") || "/", file))
    .toSorted((a, b) => b.bundled - a.bundled);
  const rows = routes.map(({ name, bundled, traced }) => [
    name,
    `${Math.round(bundled / 1000)} kB`,
    `${(traced / 1e6).toFixed(1)} MB`,
  ]);
  console.log(table(["route", "bundle", "all of its files"], rows, ""));
} else {
  console.error("There is no build: npm run build --workspace apps/web");
  process.exitCode = 1;
}

// docs/drivers.md: its table says what the suite proves, of each driver that the suite runs for.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";

const here = import.meta.dirname;
const read = (file: string): string => readFileSync(path.join(here, file), "utf8");

it("the docs' table names every guarantee of the suite and every driver that it runs for", () => {
  const guarantees = [...read("conforms.ts").matchAll(/^ +it\("([^"]+)"/gm)].map(([, title]) => title);
  const drivers = readdirSync(here)
    .filter((file) => file.endsWith(".test.ts") && file !== "table.test.ts")
    .flatMap((file) => [...read(file).matchAll(/conforms\("([^"]+)"/g)].map(([, title]) => title));
  expect(guarantees.length).toBeGreaterThan(5);
  expect(drivers.length).toBeGreaterThan(2);
  const page = readFileSync(path.join(here, "../../docs/drivers.md"), "utf8");
  const rows = /<!-- conformance -->\n+(.*?)\n*<!-- \/conformance -->/s.exec(page)?.[1]?.split("\n") ?? [];
  const cells = (line: string): string[] =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  expect(rows.map(cells).filter((_row, index) => index !== 1)).toEqual([
    ["guarantee", ...drivers],
    ...guarantees.map((title) => [title, ...drivers.map(() => "yes")]),
  ]);
});

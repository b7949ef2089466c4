// tallystick doctor: what is wrong with an installation, and what to do about each thing.
import { styleText } from "node:util";
import type { DiagnosticCommand } from "./command.ts";
import type { Finding } from "./doctor/finding.ts";

export const doctor: DiagnosticCommand = {
  name: "doctor",
  summary: "Check database, migrations, clock, tick, tasks and ledger, and say what to do.",
  parameters: [],
  options: {},
  async diagnose() {
    const { examine } = await import("./doctor/examine.ts");
    const checks = await examine();
    const ok = checks.every(({ status }) => status !== "fail");
    return { data: { ok, checks }, text: checks.map(line).join("\n"), failed: !ok };
  },
};

const colours = { ok: "green", warn: "yellow", fail: "red" } as const;

function line({ name, status, message, advice }: Finding): string {
  // styleText leaves colours out where standard output is no terminal, or NO_COLOR is set.
  const head = `${styleText(colours[status], status.padEnd(4))}  ${name.padEnd(10)}  ${message}`;
  return advice === null ? head : `${head}\n${" ".repeat(18)}-> ${advice}`;
}

import { defineConfig } from "vitest/config";
import "./scripts/embed-sql.ts";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "apps/web/test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // Every file has a database of its own; two processes share the two cores with Postgres.
    maxWorkers: 2,
    passWithNoTests: false,
  },
});

import { defineConfig, mergeConfig } from "vitest/config";
import base from "../../vitest.config.ts";

const merged = mergeConfig(base, defineConfig({ test: { reporters: ["default"], disableConsoleIntercept: true } }));

export default { ...merged, test: { ...merged.test, include: ["test/mutation/*.mutation.ts"] } };

// Bundles the Worker into dist/: worker.js, which is read at the start, and the parts that it imports when they are needed.
// `node build.ts` prints their sizes.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Metafile, type Plugin } from "esbuild";

const here = import.meta.dirname;

export interface Bundle {
  /** The modules by file name, one of them worker.js. */
  readonly modules: ReadonlyMap<string, string>;
  /** Bytes of worker.js and all that it imports statically. */
  readonly startBytes: number;
  /** Bytes of all modules. */
  readonly totalBytes: number;
  /** Modules of the runtime, with who imports them. */
  readonly builtins: ReadonlyMap<string, readonly string[]>;
}

// zod's namespace, which @hono/zod-openapi hands on whole, brings the messages of every language, a reader of JSON Schema, and
// a compiler that needs eval, which Workers have not. Nothing here uses them. A new version that is written otherwise fails
// the build.
const unusedOfZod = [
  'export * as core from "../core/index.js";',
  'export { fromJSONSchema } from "./from-json-schema.js";',
  'export * as locales from "../locales/index.js";',
  "toZod, compile, withParser, ZodCompileAsyncError, ZodCompileUnsupportedError, getDiscriminatedOption, ",
];
const smallerZod: Plugin = {
  name: "smaller-zod",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]classic[\\/]external\.js$/ }, async ({ path: file }) => {
      let contents = await readFile(file, "utf8");
      for (const unused of unusedOfZod) {
        if (!contents.includes(unused)) return { errors: [{ text: `${file} has no ${unused}` }] };
        contents = contents.replace(unused, "");
      }
      return { contents };
    });
  },
};

// pg is CommonJS: what it requires of the runtime becomes an import.
const importedBuiltins: Plugin = {
  name: "imported-builtins",
  setup({ onResolve, onLoad }) {
    const namespace = "builtin";
    const names = /^(?:node:)?(?:crypto|dns|events|fs|net|path|stream|string_decoder|tls|util|util\/types)$/;
    onResolve({ filter: names }, ({ path: name, kind }) => {
      const builtin = name.startsWith("node:") ? name : `node:${name}`;
      return kind === "require-call" ? { path: builtin, namespace } : { path: builtin, external: true };
    });
    onLoad({ filter: /.*/, namespace }, ({ path: builtin }) => ({
      contents: `import * as builtin from "${builtin}"; module.exports = builtin.default ?? builtin;`,
    }));
  },
};

/** Bundles the Worker as its runtime takes it; nothing is written. */
export async function bundle(): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    entryPoints: { worker: path.join(here, "src/worker.ts") },
    outdir: path.join(here, "dist"),
    absWorkingDir: here,
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker"],
    mainFields: ["module", "main"],
    // Of pg's and for no runtime but Node.
    external: ["pg-native", "cloudflare:*"],
    plugins: [smallerZod, importedBuiltins],
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  const bytes = (file: string): number => metafile.outputs[file]?.bytes ?? 0;
  const modules = new Map(outputFiles.map((file) => [path.basename(file.path), file.text]));
  const files = Object.keys(metafile.outputs);
  return {
    modules,
    startBytes: [...startOf(metafile)].reduce((sum, file) => sum + bytes(file), 0),
    totalBytes: files.reduce((sum, file) => sum + bytes(file), 0),
    builtins: builtinsOf(metafile),
  };
}

function startOf({ outputs }: Metafile): ReadonlySet<string> {
  const start = new Set<string>();
  const visit = (file: string): void => {
    if (start.has(file)) return;
    start.add(file);
    for (const { path: target, kind, external } of outputs[file]?.imports ?? []) {
      if (kind === "import-statement" && external !== true) visit(target);
    }
  };
  visit("dist/worker.js");
  return start;
}

function builtinsOf({ inputs }: Metafile): ReadonlyMap<string, readonly string[]> {
  const builtins = new Map<string, string[]>();
  for (const [file, { imports }] of Object.entries(inputs)) {
    for (const { path: name, external } of imports) {
      const builtin = name.replace(/^builtin:/, "");
      if (file.startsWith("builtin:") || !(external === true || name.startsWith("builtin:"))) continue;
      const importer = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file;
      builtins.set(builtin, [...new Set([...(builtins.get(builtin) ?? []), importer])].toSorted());
    }
  }
  return builtins;
}

if (import.meta.main) {
  const { modules, startBytes, totalBytes } = await bundle();
  const directory = path.join(here, "dist");
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  for (const [name, text] of modules) await writeFile(path.join(directory, name), text);
  const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
  const gzipped = [...modules.values()].reduce((sum, text) => sum + gzipSync(text).length, 0);
  console.log(`start: ${kB(startBytes)}; all ${modules.size} modules: ${kB(totalBytes)}, gzip ${kB(gzipped)}`);
}

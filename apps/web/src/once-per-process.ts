// One instance for the process. A module-level variable would not do: the bundler loads a module once for each of
// its layers (pages, routes, instrumentation), and the development server again after each edit.

const registry = Symbol.for("tallystick.web.instances");

type Registry = Map<string, unknown>;

/** Answers what `create` made on the first call with this name. */
export function oncePerProcess<T>(name: string, create: () => T): T {
  const holder = globalThis as typeof globalThis & { [registry]?: Registry };
  const instances = (holder[registry] ??= new Map());
  if (!instances.has(name)) instances.set(name, create());
  return instances.get(name) as T;
}

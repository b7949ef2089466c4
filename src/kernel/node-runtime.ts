// Tells Node, which alone gives sockets under one's own control. What needs Node's modules asks for them with
// `process.getBuiltinModule` and never imports them, so that a bundle for another runtime has nothing to resolve.

/** True on Node alone: other runtimes have its modules by name, and ignore what they are told about connections. */
export function runsOnNode(): boolean {
  return typeof navigator === "object" && navigator.userAgent.startsWith("Node.js/");
}

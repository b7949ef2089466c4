// Loaded into the server's process: when its parent is killed without a chance to end it, the server ends as well,
// and the port is free for the next start.

process.once("disconnect", () => process.exit(1));
process.channel?.unref();

// Whether the port is free, asked before anything is built or started.
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const tries = 10;

/** Waits a moment for a server that is just ending. @throws when the port is taken */
export async function requireFreePort(port: number): Promise<void> {
  for (let left = tries; left > 0; left -= 1) {
    if (await isFree(port)) return;
    await delay(200);
  }
  throw new Error(`Port ${port} is in use. End what listens there, or choose another: PORT=${port + 1} npm start`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port);
    await once(server, "listening");
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return false;
    throw error;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

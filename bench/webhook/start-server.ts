// A contender's server as a child process; it tells its port when it listens, and ends when it is told to or orphaned.
import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

export interface RunningServer {
  readonly name: string;
  readonly port: number;
  /** Bytes that the process holds resident. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

export async function startServer(
  name: string,
  file: string,
  databaseUrl: string,
  secret: string,
): Promise<RunningServer> {
  const child = fork(path.join(import.meta.dirname, file), [databaseUrl, secret]);
  const exited = once(child, "exit");
  const port = await Promise.race([
    once(child, "message").then(([message]) => Number(message)),
    exited.then(([code]) => {
      throw new Error(`${file} ended with ${code}`);
    }),
  ]);
  return {
    name,
    port,
    async memory() {
      child.send("memory");
      const [bytes] = (await once(child, "message")) as [number];
      return bytes;
    },
    async stop() {
      child.disconnect();
      await exited;
    },
  };
}

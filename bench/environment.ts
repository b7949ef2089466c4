// Where the numbers were taken.
import os from "node:os";
import pg from "pg";

/** CPU, Node, Postgres and the settings that decide whether a commit is durable. */
export async function environmentLine(databaseUrl: string): Promise<string> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ version: string; fsync: string; commit: string }>(
      `select current_setting('server_version') as version, current_setting('fsync') as fsync,
         current_setting('synchronous_commit') as commit`,
    );
    const [server] = rows;
    const cpus = os.cpus();
    const load = os.loadavg()[0]?.toFixed(2);
    return [
      `${cpus.length} × ${cpus[0]?.model.trim() ?? "unknown CPU"} (load ${load} before)`,
      `Node ${process.versions.node}`,
      `Postgres ${server?.version} (fsync ${server?.fsync}, synchronous_commit ${server?.commit})`,
    ].join(", ");
  } finally {
    await client.end();
  }
}

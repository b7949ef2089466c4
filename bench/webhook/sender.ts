// The load: keep-alive connections, each with one request at a time.
import { Agent, request } from "node:http";

export function createSender(port: number, connections: number): (body: string, signature: string) => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return async (body, signature) =>
    new Promise((resolve, reject) => {
      const headers = {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        "stripe-signature": signature,
      };
      const outgoing = request(
        { agent, port, host: "127.0.0.1", method: "POST", path: "/api/webhooks/stripe", headers },
        (response) => {
          response.resume().once("end", () => {
            if (response.statusCode === 200) resolve();
            else reject(new Error(`the server answered ${response.statusCode}`));
          });
        },
      );
      outgoing.once("error", reject);
      outgoing.end(body);
    });
}

// A real SMTP server on loopback that keeps the mails it takes.
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

const tls = path.resolve(import.meta.dirname, "fixtures/tls");
/** The certificate that the server shows, for localhost; no authority vouches for it. */
export const certificate = readFileSync(path.join(tls, "localhost.pem"), "utf8");

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Head and body, as they came. */
  readonly raw: string;
  readonly secure: boolean;
  readonly user: string | undefined;
}

export interface MailServer extends AsyncDisposable {
  readonly port: number;
  readonly received: readonly ReceivedMail[];
  /** User names and passwords that were shown, whether they were right or not. */
  readonly credentials: readonly string[];
}

export interface MailServerOptions extends SMTPServerOptions {
  /** `user:password`; without it nobody needs to sign in. */
  readonly login?: string;
  /** Answers a command's argument or the mail with an SMTP error. */
  readonly refuse?: { readonly at: "recipient" | "data"; readonly code: number; readonly address?: string };
}

/** Starts a server on a free port; `await using` stops it. STARTTLS is offered unless it is hidden. */
export async function startMailServer({ login, refuse, ...options }: MailServerOptions = {}): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const credentials: string[] = [];
  const refusal = (code: number): Error => Object.assign(new Error("not today: hunter2"), { responseCode: code });
  const server = new SMTPServer({
    key: readFileSync(path.join(tls, "localhost.key")),
    cert: certificate,
    authOptional: login === undefined,
    logger: false,
    onAuth({ username, password }, _session, callback) {
      credentials.push(`${username}:${password}`);
      const isRight = `${username}:${password}` === login;
      callback(isRight ? null : refusal(535), isRight ? { user: username } : undefined);
    },
    onRcptTo({ address }, _session, callback) {
      const refused = refuse?.at === "recipient" && (refuse.address === undefined || refuse.address === address);
      callback(refused ? refusal(refuse.code) : null);
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        if (refuse?.at === "data") return callback(refusal(refuse.code));
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
          secure: session.secure,
          user: typeof session.user === "string" ? session.user : undefined,
        });
        callback();
      });
    },
    ...options,
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    port,
    received,
    credentials,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(resolve));
    },
  };
}

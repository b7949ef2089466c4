// Reads a request's raw bytes up to a limit.
import { TallystickError } from "../kernel/errors.ts";

/**
 * Reads the body. Past the limit the rest is drained without being kept, so that the sender can read the answer.
 * @throws payload_too_large
 */
export async function readBody(request: Pick<Request, "body">, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of streamOf(request)) {
    size += chunk.byteLength;
    if (size <= limitBytes) chunks.push(chunk);
  }
  if (size > limitBytes)
    throw new TallystickError("payload_too_large", `The body may have at most ${limitBytes} bytes.`);
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}

async function* streamOf(request: Pick<Request, "body">): AsyncGenerator<Uint8Array> {
  if (request.body === null) return;
  const reader = request.body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    reader.releaseLock();
  }
}

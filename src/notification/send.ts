// Sends at once, beside the outbox: no queue, no retry, no dedupe. For what must not or need not be stored.

import { redact } from "../kernel/logger.ts";
import type { Channel, Message, SendOutcome } from "./channel.ts";

/** A message of which only the title and the text must be given. */
export type MessageInput = Pick<Message, "title" | "text"> & Partial<Message>;

export type ChannelOutcome = { readonly channel: string } & SendOutcome;

/** Sends a message to one channel, once. The promise resolves to what became of it. */
export function sendOnce(channel: Channel, input: MessageInput, signal?: AbortSignal): Promise<SendOutcome> {
  return channel.send(completeMessage(input), signal ?? new AbortController().signal);
}

/**
 * Sends a message to all channels at the same time, once each, and answers one outcome per channel, in their order.
 * Never rejects; one channel's failure does not touch the others. What a failure leaves unsent is not tried again:
 * messages that must arrive belong in the outbox.
 */
export async function sendNotification(
  channels: readonly Channel[],
  input: MessageInput,
  signal: AbortSignal = new AbortController().signal,
): Promise<ChannelOutcome[]> {
  const message = completeMessage(input);
  const send = async (channel: Channel): Promise<ChannelOutcome> => {
    try {
      return { channel: channel.name, ...(await channel.send(message, signal)) };
    } catch (error) {
      const reason = redact(error instanceof Error ? error.message : "the channel threw");
      return { channel: channel.name, outcome: "failed", reason };
    }
  };
  return Promise.all(channels.map(send));
}

function completeMessage(input: MessageInput): Message {
  return {
    id: input.id ?? crypto.randomUUID(),
    kind: input.kind ?? "message",
    severity: input.severity ?? "info",
    title: input.title,
    text: input.text,
    fields: input.fields ?? [],
    createdAt: input.createdAt ?? new Date(),
  };
}

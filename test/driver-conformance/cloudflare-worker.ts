// The Worker of the suite: its producer sends what is posted to it, its consumer asks the process that hosts the tasks what
// to do with each message, and does it.
export const workerScript = `
async function ask(env, question) {
  const response = await env.HOST.fetch("http://host/", { method: "POST", body: JSON.stringify(question) });
  if (!response.ok) throw new Error("nobody answers");
  return response.json();
}

export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === "/_target") return env.HOST.fetch(request);
    await env.QUEUE.sendBatch(await request.json());
    return new Response();
  },
  async queue(batch, env) {
    const messages = batch.messages.map(({ id, body }) => ({ id, body }));
    const { acked, retried, error } = await ask(env, { messages });
    for (const message of batch.messages) {
      if (acked.includes(message.id)) message.ack();
      if (message.id in retried) message.retry(retried[message.id]);
    }
    if (error !== undefined) throw new Error(error);
  },
  async scheduled(_controller, env) {
    await ask(env, { tick: true });
  },
};
`;

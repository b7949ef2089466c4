// What the sandbox refuses, in the words and the shape of Stripe's API.

export interface RefusalBody {
  readonly type: "invalid_request_error" | "card_error" | "idempotency_error" | "api_error";
  readonly message: string;
  readonly code?: string;
  readonly decline_code?: string;
  readonly param?: string;
  readonly [field: string]: unknown;
}

export interface RefusalOptions {
  /** What was changed until here stays: a declined charge is a charge. */
  readonly keeps?: boolean;
}

/** An answer that is an error of Stripe's API. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly body: RefusalBody;
  readonly keeps: boolean;

  constructor(status: number, body: RefusalBody, { keeps = false }: RefusalOptions = {}) {
    super(body.message);
    this.status = status;
    this.body = body;
    this.keeps = keeps;
  }
}

export function missingObject(kind: string, id: string, param = "id"): Refusal {
  const name = kind.replaceAll(/[._]/g, " ").replace("checkout session", "checkout.session");
  return new Refusal(404, {
    type: "invalid_request_error",
    code: "resource_missing",
    message: `No such ${name}: '${id}'`,
    param,
  });
}

export function missingParameter(param: string): Refusal {
  return invalid(`Missing required param: ${param}.`, { code: "parameter_missing", param });
}

export function invalid(message: string, more: { readonly code?: string; readonly param?: string } = {}): Refusal {
  return new Refusal(400, { type: "invalid_request_error", message, ...more });
}

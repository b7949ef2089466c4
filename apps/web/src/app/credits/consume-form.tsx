"use client";
import { useActionState } from "react";
import { consumeCreditsAction } from "../../actions/consume-credits.ts";
import { Notice } from "../../components/notice.tsx";
import { textOf } from "../../form-text.ts";
import { wholeNumber } from "../../format.ts";

interface FormState {
  readonly amount: string;
  readonly description: string;
  readonly error?: string;
  readonly success?: string;
}

const initial: FormState = { amount: "10", description: "" };

/** Spends credits. `formKey` is new for each rendered form, so that one form spends once however often it is sent. */
export function ConsumeForm({ formKey }: { formKey: string }) {
  const [state, submit, pending] = useActionState(send, initial);
  return (
    <section aria-labelledby="use" className="panel px-6 py-6">
      <h2 id="use" className="font-semibold">
        Use credits
      </h2>
      <p className="mt-1 text-sm leading-relaxed text-muted">
        What your product would do when work is done for a user.
      </p>
      <form action={submit} className="mt-5 grid gap-4" noValidate>
        <input type="hidden" name="idempotencyKey" value={formKey} />
        <div>
          <label htmlFor="amount" className="mb-1.5 block text-sm font-medium">
            Amount
          </label>
          <input
            id="amount"
            name="amount"
            type="number"
            min={1}
            step={1}
            required
            inputMode="numeric"
            defaultValue={state.amount}
            aria-invalid={state.error !== undefined}
            aria-describedby="use-outcome"
            className="field tabular-nums"
          />
        </div>
        <div>
          <label htmlFor="description" className="mb-1.5 block text-sm font-medium">
            For <span className="font-normal text-muted">(optional)</span>
          </label>
          <input
            id="description"
            name="description"
            maxLength={200}
            placeholder="Image generation"
            autoComplete="off"
            defaultValue={state.description}
            className="field"
          />
        </div>
        <div>
          <button type="submit" disabled={pending} className="button button-primary w-full">
            {pending ? "Using credits…" : "Use credits"}
          </button>
          <div id="use-outcome" className="[&_p]:mt-4">
            <Notice kind="error">{pending ? undefined : state.error}</Notice>
            <Notice kind="success">{pending ? undefined : state.success}</Notice>
          </div>
        </div>
      </form>
    </section>
  );
}

async function send(_: FormState, form: FormData): Promise<FormState> {
  const entered = { amount: textOf(form, "amount"), description: textOf(form, "description") };
  const result = await consumeCreditsAction({
    amount: entered.amount.trim() === "" ? Number.NaN : Number(entered.amount),
    description: entered.description,
    idempotencyKey: textOf(form, "idempotencyKey"),
  }).catch(() => ({ serverError: "The server could not be reached. Try again." }) as const);
  if (result.serverError !== undefined) return { ...entered, error: result.serverError };
  if ("validationErrors" in result && result.validationErrors) {
    const { amount, description } = result.validationErrors;
    return { ...entered, error: amount?._errors?.[0] ?? description?._errors?.[0] ?? "Check what you entered." };
  }
  const data = "data" in result ? result.data : undefined;
  if (!data) return { ...entered, error: "The server gave no answer. Try again." };
  if (!data.success) return { ...entered, error: data.error };
  const used = wholeNumber(Number(entered.amount));
  return { ...initial, success: `${used} used. ${wholeNumber(data.remainingCredits)} left.` };
}

// What the buttons of a subscription do, and what is shown after each.
import { changeSubscription, previewChange, type ShownPreview } from "../../actions/change-subscription.ts";
import { cancelSubscription, resumeSubscription } from "../../actions/end-subscription.ts";
import { refusalOf } from "../../components/refusal-of.ts";
import { textOf } from "../../form-text.ts";

interface FormState {
  /** What is to be confirmed. */
  readonly step: "none" | "cancel" | "change";
  readonly priceId?: string;
  readonly preview?: ShownPreview;
  readonly error?: string;
  readonly success?: string;
  readonly payUrl?: string;
}

export const initial: FormState = { step: "none" };

const unanswered = "The server could not be reached. Reload the page before you try again.";
const shownSoon = " This page shows it in a moment.";

export async function send(_: FormState, form: FormData): Promise<FormState> {
  const subscriptionId = textOf(form, "subscriptionId");
  const [verb = "", chosen = textOf(form, "priceId")] = textOf(form, "do").split(" ");
  try {
    switch (verb) {
      case "ask":
        return { step: "cancel" };
      case "cancel":
        return said(await cancelSubscription({ subscriptionId }), "Cancelled. The plan ends with the paid period.");
      case "resume":
        return said(await resumeSubscription({ subscriptionId }), "The plan goes on.");
      case "preview":
        return await preview(subscriptionId, chosen);
      case "change":
        return await change(subscriptionId, chosen);
      default:
        return initial;
    }
  } catch {
    return { ...initial, error: unanswered };
  }
}

type Result<Data> = Parameters<typeof refusalOf>[0] & { readonly data?: Data | undefined };

function said(result: Result<{ readonly shown: boolean }>, success: string): FormState {
  if (!result.data) return refused(result);
  return { ...initial, success: result.data.shown ? success : success + shownSoon };
}

async function preview(subscriptionId: string, priceId: string): Promise<FormState> {
  const result = await previewChange({ subscriptionId, priceId });
  return result.data ? { step: "change", priceId, preview: result.data } : refused(result);
}

async function change(subscriptionId: string, priceId: string): Promise<FormState> {
  const result = await changeSubscription({ subscriptionId, priceId });
  if (!result.data) return refused(result);
  if (result.data.done) return said({ data: result.data }, "Your plan is changed.");
  const { until, payUrl } = result.data;
  const by = until === null ? "" : `, by ${until}`;
  return {
    ...initial,
    error: `The payment did not go through. Your plan stays as it is until the difference is paid${by}.`,
    ...(payUrl !== null && { payUrl }),
  };
}

function refused(result: Result<unknown>): FormState {
  return { ...initial, error: refusalOf(result) ?? unanswered };
}

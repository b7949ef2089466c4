// What a call is refused with.
import { isTallystickError } from "../../src/kernel/errors.ts";

/** The code that the work is refused with; `none` when it is not. Errors without a code are thrown on. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    if (isTallystickError(error)) return error.code;
    throw error;
  }
}

import * as z from "zod";

/** The input of an action that is called with an object, or with the form itself where the page has no scripts (yet). */
export function formInput<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.preprocess((given) => (given instanceof FormData ? Object.fromEntries(given) : given), z.object(shape));
}

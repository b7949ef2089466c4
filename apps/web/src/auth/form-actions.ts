// The sign-up, sign-in and sign-out forms. They go through better-auth's own endpoints, so that its rate limits hold,
// and work before the page's scripts are loaded.
"use server";
import { parseSetCookieHeader, toCookieOptions } from "better-auth/cookies";
import { cookies, headers } from "next/headers";
import { redirect } from "next/navigation";
import * as z from "zod";
import { textOf } from "../form-text.ts";
import { auth } from "./auth.ts";
import { nextPath } from "./next-path.ts";

export interface AuthFormState {
  readonly email: string;
  readonly error?: string;
  readonly fieldErrors?: { readonly email?: string; readonly password?: string };
}

const email = z.email({ error: "Enter an e-mail address, such as name@example.com." });
const signInInput = z.object({ email, password: z.string().min(1, { error: "Enter your password." }) });
const signUpInput = z.object({
  email,
  password: z
    .string()
    .min(8, { error: "Use at least 8 characters." })
    .max(128, { error: "Use at most 128 characters." }),
});

export async function signIn(_: AuthFormState, form: FormData): Promise<AuthFormState> {
  return submit("/sign-in/email", signInInput, form);
}

export async function signUp(_: AuthFormState, form: FormData): Promise<AuthFormState> {
  return submit("/sign-up/email", signUpInput, form);
}

export async function signOut(): Promise<void> {
  await callAuth("/sign-out", {});
  redirect("/");
}

async function submit(
  path: "/sign-in/email" | "/sign-up/email",
  input: typeof signInInput,
  form: FormData,
): Promise<AuthFormState> {
  const entered = textOf(form, "email").trim();
  const parsed = input.safeParse({ email: entered, password: textOf(form, "password") });
  if (!parsed.success) {
    const { email: emailErrors, password: passwordErrors } = z.flattenError(parsed.error).fieldErrors;
    return {
      email: entered,
      fieldErrors: {
        ...(emailErrors?.[0] && { email: emailErrors[0] }),
        ...(passwordErrors?.[0] && { password: passwordErrors[0] }),
      },
    };
  }
  const name = entered.slice(0, entered.indexOf("@"));
  const response = await callAuth(path, path === "/sign-up/email" ? { ...parsed.data, name } : parsed.data);
  if (!response.ok) return { email: entered, error: await explain(response) };
  redirect(nextPath(form.get("next")));
}

async function callAuth(path: string, body: object): Promise<Response> {
  const instance = auth();
  if (!instance) return new Response(null, { status: 503 });
  const { baseURL } = await instance.$context;
  const forwarded = new Headers(await headers());
  // The form's own encoding and length; this request has another body.
  for (const name of ["content-length", "content-type", "transfer-encoding"]) forwarded.delete(name);
  forwarded.set("content-type", "application/json");
  const request = new Request(`${baseURL}${path}`, { method: "POST", headers: forwarded, body: JSON.stringify(body) });
  const response = await instance.handler(request);
  const jar = await cookies();
  for (const header of response.headers.getSetCookie()) {
    for (const [name, attributes] of parseSetCookieHeader(header)) {
      jar.set(name, attributes.value, toCookieOptions(attributes));
    }
  }
  return response;
}

const explanations: Readonly<Record<string, string>> = {
  INVALID_EMAIL_OR_PASSWORD: "That e-mail address and password don’t belong together.",
  USER_ALREADY_EXISTS: "There is an account with this e-mail address. Sign in instead.",
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: "There is an account with this e-mail address. Sign in instead.",
  INVALID_EMAIL: "Enter an e-mail address, such as name@example.com.",
};

async function explain(response: Response): Promise<string> {
  if (response.status === 429) return "Too many tries. Wait a minute, then try again.";
  if (response.status === 503) return "Sign-in is closed on this server: BETTER_AUTH_SECRET is not set.";
  const body: unknown = await response.json().catch(() => null);
  const code = typeof body === "object" && body !== null ? Reflect.get(body, "code") : undefined;
  return explanations[String(code)] ?? "That did not work. Try again in a moment.";
}

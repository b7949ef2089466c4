"use client";
import { useActionState } from "react";
import type { ReactNode } from "react";
import type { AuthFormState } from "../auth/form-actions.ts";
import { Notice } from "./notice.tsx";

interface AuthFormProps {
  readonly action: (state: AuthFormState, form: FormData) => Promise<AuthFormState>;
  readonly submitLabel: string;
  readonly pendingLabel: string;
  readonly newPassword?: boolean;
  /** The page to go on to. */
  readonly next: string;
}

export function AuthForm({ action, submitLabel, pendingLabel, newPassword = false, next }: AuthFormProps) {
  const [state, submit, pending] = useActionState(action, { email: "" });
  const { email: emailError, password: passwordError } = state.fieldErrors ?? {};
  return (
    <form action={submit} className="mt-8 grid gap-5" noValidate>
      <input type="hidden" name="next" value={next} />
      <Field label="E-mail" error={emailError} id="email">
        <input
          id="email"
          name="email"
          type="email"
          autoComplete="email"
          inputMode="email"
          required
          defaultValue={state.email}
          aria-invalid={emailError !== undefined}
          aria-describedby="email-note"
          className="field"
        />
      </Field>
      <Field
        label="Password"
        error={passwordError}
        {...(newPassword && { hint: "At least 8 characters." })}
        id="password"
      >
        <input
          id="password"
          name="password"
          type="password"
          autoComplete={newPassword ? "new-password" : "current-password"}
          required
          aria-invalid={passwordError !== undefined}
          aria-describedby="password-note"
          className="field"
        />
      </Field>
      <div className="[&_p]:mb-5">
        <Notice kind="error">{state.error}</Notice>
        <button type="submit" disabled={pending} className="button button-primary w-full">
          {pending ? pendingLabel : submitLabel}
        </button>
      </div>
    </form>
  );
}

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly error: string | undefined;
  readonly hint?: string;
  readonly children: ReactNode;
}

function Field({ id, label, error, hint, children }: FieldProps) {
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-sm font-medium">
        {label}
      </label>
      {children}
      <p id={`${id}-note`} className={`mt-1.5 text-sm empty:hidden ${error ? "text-danger" : "text-muted"}`}>
        {error ?? hint}
      </p>
    </div>
  );
}

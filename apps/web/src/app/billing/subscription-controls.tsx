"use client";
import { useActionState, useEffect, useRef, type ReactNode } from "react";
import { Notice } from "../../components/notice.tsx";
import { initial, send } from "./subscription-form.ts";

interface Option {
  readonly priceId: string;
  readonly name: string;
  readonly price: string;
}

interface SubscriptionControlsProps {
  readonly subscriptionId: string;
  readonly name: string;
  readonly paidUntil: string | null;
  readonly isEnding: boolean;
  /** What it may become. */
  readonly options: readonly Option[];
}

/** Ends, keeps and changes one subscription. Whatever costs or ends something is asked for once more. */
export function SubscriptionControls(props: SubscriptionControlsProps) {
  const { subscriptionId, name, paidUntil, isEnding, options } = props;
  const [{ step, preview, priceId, ...said }, submit, pending] = useActionState(send, initial);
  const chosen = options.find((option) => option.priceId === priceId);
  const confirms = step === "cancel" || (step === "change" && chosen !== undefined);
  const form = useRef<HTMLFormElement>(null);
  const asked = useRef(false);
  useEffect(() => {
    // The button that was pressed is gone with its question; the keyboard goes on from here.
    if (asked.current && !confirms) form.current?.focus();
    asked.current = confirms;
  }, [confirms]);
  return (
    <form ref={form} tabIndex={-1} action={submit} className="mt-5 outline-none" aria-busy={pending}>
      <input type="hidden" name="subscriptionId" value={subscriptionId} />
      {step === "change" && chosen ? (
        <Panel title={`Switch to ${chosen.name}?`}>
          <input type="hidden" name="priceId" value={chosen.priceId} />
          <dl className="mt-3 text-[0.9375rem] tabular-nums" data-testid="preview">
            {preview?.lines.map(({ text, amount }) => (
              <div key={`${text} ${amount}`} className="flex justify-between gap-4 border-b border-line py-2">
                <dt className="text-muted">{text}</dt>
                <dd className="whitespace-nowrap">{amount}</dd>
              </div>
            ))}
            <div className="flex justify-between gap-4 py-2.5 font-semibold">
              <dt>Due now</dt>
              <dd>{preview?.dueNow}</dd>
            </div>
          </dl>
          <p className="text-sm leading-relaxed text-muted">
            Then {chosen.price}.
            {preview?.leftOver ? ` ${preview.leftOver} of what you have paid is kept for the next invoices.` : ""} The
            sum is for this moment and may differ by a few cents when you confirm.
          </p>
          <Buttons>
            <Choice verb="change" pending={pending} look="button-primary">
              {preview?.isFree ? "Switch" : `Switch and pay ${preview?.dueNow ?? ""}`}
            </Choice>
            <Choice verb="back" pending={pending}>
              Don’t switch
            </Choice>
          </Buttons>
        </Panel>
      ) : null}
      {step === "cancel" ? (
        <Panel title={`Cancel ${name}?`}>
          <p className="mt-2 text-[0.9375rem] leading-relaxed text-muted">
            {paidUntil === null ? "It ends with the period that is paid for" : `It goes on until ${paidUntil}`}, and
            nothing more is charged. Credits that you have stay as they are.
          </p>
          <Buttons>
            <Choice verb="cancel" pending={pending} look="button-danger">
              Cancel the plan
            </Choice>
            <Choice verb="back" pending={pending}>
              Keep it
            </Choice>
          </Buttons>
        </Panel>
      ) : null}
      {confirms ? null : (
        <Buttons>
          {options.map((option) => (
            <Choice key={option.priceId} verb={`preview ${option.priceId}`} pending={pending}>
              Switch to {option.name}
            </Choice>
          ))}
          {isEnding ? (
            <Choice verb="resume" pending={pending} look="button-primary">
              Keep the plan
            </Choice>
          ) : (
            <Choice verb="ask" pending={pending}>
              Cancel…
            </Choice>
          )}
        </Buttons>
      )}
      <div className="[&_p]:mt-4">
        <Notice kind="error">{pending ? undefined : said.error}</Notice>
        <Notice kind="success">{pending ? undefined : said.success}</Notice>
        {said.payUrl && !pending ? (
          <p>
            <a href={said.payUrl} className="text-link">
              Pay the open invoice
            </a>
          </p>
        ) : null}
      </div>
      <noscript>
        <p className="mt-4 text-sm text-muted">Without scripts, see to the plan under “Cards and invoices” below.</p>
      </noscript>
    </form>
  );
}

function Panel({ title, children }: { title: string; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section className="border-t border-line pt-5">
      <h4 ref={heading} tabIndex={-1} className="font-semibold outline-none">
        {title}
      </h4>
      {children}
    </section>
  );
}

function Buttons({ children }: { children: ReactNode }) {
  return <div className="mt-4 flex flex-col gap-3 sm:flex-row sm:flex-wrap">{children}</div>;
}

interface ChoiceProps {
  readonly verb: string;
  readonly pending: boolean;
  readonly look?: string;
  readonly children: ReactNode;
}

function Choice({ verb, pending, look = "button-quiet", children }: ChoiceProps) {
  return (
    <button type="submit" name="do" value={verb} disabled={pending} className={`button ${look}`}>
      {children}
    </button>
  );
}

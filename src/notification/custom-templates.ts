// A product's own words. They stand in for the built-in ones where they work, and never cost a message where they don't.
import type { Announcement, AnnouncementKind } from "../kernel/announcement.ts";
import { TallystickError } from "../kernel/errors.ts";
import { isAnnouncementKind, unknownKind } from "./kinds.ts";
import { render } from "./templates.ts";
import type { Language, Rendered } from "./templates/words.ts";
import { truncate } from "./text-limits.ts";

/**
 * Words of the product's own for one kind. What it leaves out stays as built in, which it is also given. It runs in the
 * transaction of what is announced, so it must be quick and can't wait for anything.
 */
export type NotificationTemplate<Kind extends AnnouncementKind> = (
  announcement: Announcement & { readonly kind: Kind },
  builtIn: Rendered,
) => Partial<Rendered>;

export type NotificationTemplates = {
  readonly [Kind in AnnouncementKind]?: { readonly [L in Language]?: NotificationTemplate<Kind> };
};

type AnyTemplate = (announcement: Announcement, builtIn: Rendered) => unknown;

/** What is stored of a message: its words, and whether they are the product's own. */
export interface Worded extends Rendered {
  readonly custom: boolean;
}

const severities: ReadonlySet<unknown> = new Set(["info", "warning", "critical"]);
const limits = { title: 1000, text: 20_000, fields: 100, name: 500, value: 5000 };

/** Checks the option `templates`. @throws invalid_request */
export function checkTemplates(templates: NotificationTemplates): void {
  for (const [kind, byLanguage] of Object.entries(templates)) {
    if (!isAnnouncementKind(kind)) throw unknownKind(kind, "The option templates");
    for (const [language, template] of Object.entries(byLanguage)) {
      if (!["en", "zh"].includes(language) || typeof template !== "function") {
        throw new TallystickError("invalid_request", `The option templates: ${kind} takes functions for en and zh.`);
      }
    }
  }
}

/** Words an announcement; a template that throws or answers nonsense is reported, and the built-in words stand. */
export function word(
  announcement: Announcement,
  language: Language,
  templates: NotificationTemplates,
  onFailure: (error: unknown) => void,
): Worded {
  const builtIn = render(announcement, language);
  const template = templates[announcement.kind]?.[language] as AnyTemplate | undefined;
  if (template === undefined) return storable(builtIn, false);
  try {
    return storable(checked({ ...builtIn, ...asObject(template(announcement, builtIn)) }), true);
  } catch (error) {
    onFailure(error);
    return storable(builtIn, false);
  }
}

function asObject(value: unknown): object {
  if (typeof value === "object" && value !== null && !("then" in value)) return value;
  throw new TypeError("the template answered no object");
}

function checked(rendered: Record<keyof Rendered, unknown>): Rendered {
  const { severity, title, text, fields } = rendered;
  const isText = (value: unknown): value is string => typeof value === "string";
  if (!isText(title) || !isText(text)) throw new TypeError("the template's title and text must be strings");
  if (!severities.has(severity)) throw new TypeError("the template's severity must be info, warning or critical");
  const isField = (field: unknown): field is Rendered["fields"][number] =>
    typeof field === "object" &&
    field !== null &&
    "name" in field &&
    isText(field.name) &&
    "value" in field &&
    isText(field.value);
  if (!Array.isArray(fields) || !fields.every(isField)) {
    throw new TypeError("the template's fields must be pairs of name and value");
  }
  return { severity: severity as Rendered["severity"], title, text, fields };
}

// Postgres refuses U+0000 and lone surrogates, and a text that it refuses would undo the payment that it announces.
function storable({ severity, title, text, fields }: Rendered, custom: boolean): Worded {
  const clean = (value: string, max: number): string => truncate(value.replaceAll("\0", "\ufffd"), max);
  return {
    severity,
    title: clean(title, limits.title),
    text: clean(text, limits.text),
    fields: fields
      .slice(0, limits.fields)
      .map(({ name, value }) => ({ name: clean(name, limits.name), value: clean(value, limits.value) })),
    custom,
  };
}

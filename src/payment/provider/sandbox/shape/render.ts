// The one place where a document becomes what the outside sees, in the shape of an API version.
import { isRecord, type Json } from "../../stripe/read.ts";
import { beforeBasil } from "./before-basil.ts";
import { inPresentShape } from "./present.ts";
import { embedsRefunds, isBeforeBasil } from "./version.ts";

/** Renders a document, or whatever holds documents. */
export function render(value: unknown, version: string): unknown {
  if (Array.isArray(value)) return value.map((item) => render(item, version));
  // An event is a record of what was told, in its own version: rendered before, its object has no fields left to derive from.
  if (!isRecord(value) || value["object"] === "event") return value;
  const shaped = withRefunds(inPresentShape(value), version);
  const document = isBeforeBasil(version) ? beforeBasil(shaped) : shaped;
  const visible = Object.entries(document).filter(([name]) => !name.startsWith("_"));
  return Object.fromEntries(visible.map(([name, field]) => [name, render(field, version)]));
}

function withRefunds(document: Json, version: string): Json {
  if (document["object"] !== "charge" || !embedsRefunds(version)) return document;
  const url = `/v1/charges/${String(document["id"])}/refunds`;
  const data = document["_refunds"] ?? [];
  return { ...document, refunds: { object: "list", data, has_more: false, url } };
}

// Pages of an export as one JSON document, written as they are read.
import type { ExportPage } from "../../db/export-pages.ts";

/**
 * Answers `{"name":value,…,"section":[rows],…}`. The first page is read before this resolves, so that what fails at once
 * is an error answer; what fails later breaks the body off.
 */
export async function streamDocument(
  head: Readonly<Record<string, unknown>>,
  pages: AsyncGenerator<ExportPage, void, undefined>,
): Promise<ReadableStream<Uint8Array>> {
  const texts = documentTexts(head, pages);
  const first = await texts.next();
  const encoder = new TextEncoder();
  let next: IteratorResult<string, void> | undefined = first;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = next ?? (await texts.next());
      next = undefined;
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await texts.return();
    },
  });
}

async function* documentTexts(
  head: Readonly<Record<string, unknown>>,
  pages: AsyncGenerator<ExportPage, void, undefined>,
): AsyncGenerator<string, void, undefined> {
  let text = JSON.stringify(head).slice(0, -1);
  let open: string | undefined;
  let empty = true;
  for await (const { section, rows } of pages) {
    if (section !== open) {
      text += `${open === undefined ? "" : "]"},${JSON.stringify(section)}:[`;
      open = section;
      empty = true;
    }
    for (const row of rows) {
      text += `${empty ? "" : ","}${JSON.stringify(row)}`;
      empty = false;
    }
    yield text;
    text = "";
  }
  yield `${text}${open === undefined ? "" : "]"}}`;
}

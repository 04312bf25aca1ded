import { stringify } from "csv-stringify/sync";
import { visibleText } from "../../views/visible-text.ts";

export type CsvValue = string | number | null;

/** Rows written at a time: a slow reader makes the text wait, not pile up. */
const rowsPerChunk = 500;

/**
 * Rows by RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe before it, as OWASP advises: names
 * come from outside. What cannot be seen goes before that: a formula may hide behind it. Numbers are left as they are, minus sign and all.
 */
export const csvText = (rows: readonly (readonly CsvValue[])[]): string =>
  stringify([...rows], {
    record_delimiter: "windows",
    // Left out by the library where another line end than its own is asked for.
    quote_record_delimiter: true,
    // Its own escape_formulas looks at the first letter only, and spreadsheets look past spaces.
    cast: { string: (value) => withoutFormula(visibleText(value)) },
  });

const withoutFormula = (text: string) => (/^[\s]*[=+\-@]|^[\t\r\n]/.test(text) ? `'${text}` : text);

/**
 * A table as CSV to be saved under `name`, written while it is read. The rows are there before: a cursor would hold one of the
 * few connections for as long as the slowest reader takes.
 */
export function csvResponse<Row>(
  name: string,
  header: readonly string[],
  rows: readonly Row[],
  valuesOf: (row: Row) => CsvValue[],
): Response {
  const encoder = new TextEncoder();
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(csvText([header]))),
    pull: (controller) => {
      const chunk = rows.slice(at, at + rowsPerChunk);
      at += rowsPerChunk;
      if (chunk.length > 0) controller.enqueue(encoder.encode(csvText(chunk.map(valuesOf))));
      if (at >= rows.length) controller.close();
    },
  });
  return new Response(body, {
    headers: {
      "Content-Type": "text/csv; charset=utf-8; header=present",
      "Content-Disposition": `attachment; filename="${name}"`,
      "Cache-Control": "no-store",
    },
  });
}

export type CsvValue = string | number | null;

/** Rows written at a time: a slow reader makes the text wait, not pile up. */
const rowsPerChunk = 500;

/**
 * A field by RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe before it, as OWASP advises: names
 * come from outside. Numbers are left as they are, minus sign and all.
 */
export function csvField(value: CsvValue): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[\s]*[=+\-@]|^[\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const csvLine = (values: readonly CsvValue[]) => `${values.map(csvField).join(",")}\r\n`;

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
    start: (controller) => controller.enqueue(encoder.encode(csvLine(header))),
    pull: (controller) => {
      const chunk = rows.slice(at, at + rowsPerChunk);
      at += rowsPerChunk;
      if (chunk.length > 0) controller.enqueue(encoder.encode(chunk.map((row) => csvLine(valuesOf(row))).join("")));
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

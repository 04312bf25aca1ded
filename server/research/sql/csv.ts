import type { ResultColumn, ResultRow } from "../../../db/console/cursor.ts";
import { type CsvValue, csvText } from "../../http/csv.ts";
import type { StatementStream } from "./console.ts";
import { toValue } from "./values.ts";

const valuesOf = (columns: readonly ResultColumn[], row: ResultRow): CsvValue[] =>
  row.map((text, index) => {
    const value = toValue(columns[index] ?? { name: "", type: "text" }, text);
    return typeof value === "boolean" ? String(value) : value;
  });

/**
 * A result as CSV, written while it is read: a slow reader makes the statement wait. Where it fails on the way the download fails
 * too, as half a file looks like a whole one.
 */
export function csvOf({ columns, batches }: StatementStream): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(csvText([columns.map(({ name }) => name)]))),
    async pull(controller) {
      try {
        const { value, done } = await batches.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(csvText(value.map((row) => valuesOf(columns, row)))));
      } catch (error) {
        controller.error(error);
      }
    },
    cancel: async () => void (await batches.return(undefined)),
  });
  return new Response(body, {
    headers: {
      "Content-Type": "text/csv; charset=utf-8; header=present",
      "Content-Disposition": 'attachment; filename="barline-sql.csv"',
      "Cache-Control": "no-store",
    },
  });
}

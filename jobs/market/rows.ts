import type { z } from "zod";
import type { ListEnvelope } from "./wire.ts";

/** A page of a list, as the API answered it. */
export type Page = { answer: Pick<ListEnvelope, "results"> };

/**
 * A row that is left out, why in words, and the page that it is on (from 0). `malformed`: it says nothing that can be
 * believed; `contradiction`: another row of its key, which was taken, says something else.
 */
export type RejectedRow = { kind: "malformed" | "contradiction"; reason: string; row: unknown; page: number };

/** Rows that could be read, without exact repeats, and those that could not, with the reason. */
export type ParsedRows<T> = { rows: T[]; rejects: RejectedRow[] };

/**
 * Whether a text can be a ticker: printable ASCII without spaces and backslashes. Such a one is safe in a path, a CSV field, a COPY
 * line and an index entry, and no vendor's symbol is longer.
 */
export const isTicker = (text: string): boolean => /^[!-[\]-~]{1,24}$/.test(text);

/** One row by its schema, or the field that does not fit it. */
export function readRow<S extends z.ZodType<{ ticker: string }>>(
  schema: S,
  raw: unknown,
): { row: z.output<S> } | { reason: string } {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { reason: `${issue?.path.join(".") || "row"}: ${issue?.message}` };
  }
  return isTicker(parsed.data.ticker) ? { row: parsed.data } : { reason: "ticker: is malformed" };
}

/** The rows of a list, each key once: the first one counts, and what differs from it is refused. */
export function readRows<S extends z.ZodType<{ ticker: string }>, T>(
  pages: readonly Page[],
  schema: S,
  read: (row: z.output<S>) => { key: string; value: T },
): ParsedRows<T> {
  const rows = new Map<string, T>();
  const rejects: RejectedRow[] = [];
  for (const [page, { answer }] of pages.entries()) {
    for (const raw of answer.results ?? []) {
      const parsed = readRow(schema, raw);
      if ("reason" in parsed) {
        rejects.push({ kind: "malformed", reason: parsed.reason, row: raw, page });
        continue;
      }
      const { key, value } = read(parsed.row);
      const first = rows.get(key);
      if (first === undefined) rows.set(key, value);
      else if (!Bun.deepEquals(first, value)) {
        rejects.push({ kind: "contradiction", reason: "contradicts an earlier row", row: raw, page });
      }
    }
  }
  return { rows: [...rows.values()], rejects };
}

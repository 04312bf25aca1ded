import type { Sql } from "../../client.ts";
import type { KeyColumn } from "./universe.ts";

/** A label that a security had, from its first to its last session under it. */
export type LabelSpan = { key: string; ticker: string; from: string; to: string };

/** The labels of those of some securities that had several, oldest first; none before securities are published. */
export async function selectLabelSpans(sql: Sql, keys: readonly string[], by: KeyColumn): Promise<LabelSpan[]> {
  if (by === "ticker" || keys.length === 0) return [];
  return await sql<LabelSpan[]>`
    select security_id as key, ticker, first_session as "from", last_session as "to"
    from (
      select periods.*, count(*) over (partition by security_id) as labels
      from public.dim_ticker_periods as periods
      where security_id = any(${keys as string[]}::text[]) and first_session is not null
    ) as spans
    where labels > 1
    order by security_id, first_session`;
}

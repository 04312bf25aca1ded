import type { Sql } from "../../client.ts";

/** One row of a query, by column. */
export type FoundRow = Record<string, unknown>;

/**
 * What a query of the project finds now, in an order of its own so that pages follow each other, and how many rows that is in
 * all. The query is the project's, which whoever may change the models may change; here it can only read. Takes as long as
 * the query, and at most as long as the pool allows.
 */
export async function selectFoundRows(
  sql: Sql,
  query: string,
  { offset, limit }: { offset: number; limit: number },
): Promise<{ total: number; rows: FoundRow[] }> {
  return await sql.begin("read only", async (transaction) => {
    // On lines of its own: it may end in a comment.
    const found = await transaction.unsafe<{ row: FoundRow; total: number }[]>(
      `select to_jsonb(found) as row, count(*) over ()::int as total
      from (
        ${query.replace(/;\s*$/, "")}
      ) as found
      order by to_jsonb(found) ->> 'ticker', to_jsonb(found) ->> 'trade_date', to_jsonb(found)::text
      limit $1::int offset $2::int`,
      [limit, offset],
    );
    return { total: found[0]?.total ?? 0, rows: found.map(({ row }) => row) };
  });
}

import type { Sql } from "../../../db/client.ts";
import { quoteRelation, type Relation } from "../project/types.ts";

/** Rows that a test found and keeps, and how many there are of them. */
export type FailingRows = { storedIn: string; total: number; rows: Record<string, unknown>[] };

/** Reads what a test keeps; null where nothing is kept so far. */
export async function readFailingRows(sql: Sql, relation: Relation, limit: number): Promise<FailingRows | null> {
  const name = quoteRelation(relation);
  const [found] = await sql<{ stands: boolean }[]>`select to_regclass(${name}::text) is not null as stands`;
  if (!found?.stands) return null;
  const [row] = await sql.unsafe<{ total: number; rows: Record<string, unknown>[] | null }[]>(
    `select
      (select count(*)::int from ${name}) as total,
      (select jsonb_agg(to_jsonb(failing)) from (select * from ${name} limit $1::int) as failing) as rows`,
    [Math.max(Math.trunc(limit), 0)],
  );
  return { storedIn: `${relation.schema}.${relation.identifier}`, total: row?.total ?? 0, rows: row?.rows ?? [] };
}

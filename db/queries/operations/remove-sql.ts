import type { Sql } from "../../client.ts";

/** Removes saved queries that were deleted too long ago to be had back. Answers how many. */
export async function removeDeletedQueries(sql: Sql, before: Date): Promise<number> {
  const { count } = await sql`delete from barline.sql_queries where deleted_at < ${before}::timestamptz`;
  return count;
}

/** Removes what was run on /sql before that, and all but the latest `kept`. Answers how many. */
export async function removeSqlRuns(sql: Sql, before: Date, kept: number): Promise<number> {
  const { count } = await sql`
    delete from barline.sql_runs
    where started_at < ${before}::timestamptz
      or id <= (select id from barline.sql_runs order by id desc offset ${kept}::int limit 1)`;
  return count;
}

import type { Sql } from "../../client.ts";

/**
 * Books the next call to a limited service: at most `calls` in any window of `perMs`, over all processes and restarts.
 * Answers how many milliseconds to wait before making it.
 */
export async function bookCall(sql: Sql, limit: { name: string; calls: number; perMs: number }): Promise<number> {
  const [row] = await sql.begin(async (transaction) => {
    // One at a time: each booking looks at the ones before it.
    await transaction`select pg_advisory_xact_lock(hashtextextended(${limit.name}::text, 0))`;
    await transaction`
      delete from barline.rate_limit_calls
      where name = ${limit.name}::text and at < clock_timestamp() - 2 * ${limit.perMs}::float8 * interval '1 millisecond'`;
    return await transaction<{ waitMs: number }[]>`
      with full_until as (
        select at + ${limit.perMs}::float8 * interval '1 millisecond' as at from barline.rate_limit_calls
        where name = ${limit.name}::text order by at desc offset ${limit.calls - 1}::int limit 1
      ), booked as (
        insert into barline.rate_limit_calls (name, at)
        values (${limit.name}::text, greatest(clock_timestamp(), (select at from full_until)))
        returning at
      )
      select greatest(0, extract(epoch from at - clock_timestamp()) * 1000)::float8 as "waitMs" from booked`;
  });
  return row?.waitMs ?? 0;
}

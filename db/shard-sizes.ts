import type { Sql } from "./client.ts";

/**
 * Tables that Citus has spread over several servers, by their `oid`: `rows` as the servers' planners know them, `bytes`, and `total_bytes` with the indexes.
 * The table of such a name on the coordinator is empty. Only those of these names, where any are given: each takes some connections.
 */
export const shardedTables = (sql: Sql, names: readonly string[] | null = null) => sql`
  select
    logicalrelid::oid as oid,
    (
      select sum(case when success then result::bigint end)
      from run_command_on_shards(
        logicalrelid,
        $command$
          select greatest(reltuples, pg_stat_get_live_tuples(oid), 0)::bigint from pg_class where oid = '%s'::regclass
        $command$
      )
    )::bigint as rows,
    citus_relation_size(logicalrelid) as bytes,
    citus_total_relation_size(logicalrelid) as total_bytes
  from pg_dist_partition
  where partmethod = 'h'
    and (
      ${names as string[] | null}::text[] is null
      or (select relname from pg_class where oid = logicalrelid) = any(${names as string[] | null}::text[])
    )`;

/** The bytes of all shards with their indexes. */
export const shardBytes = (sql: Sql) => sql`
  select coalesce(sum(citus_total_relation_size(logicalrelid)), 0)::bigint from pg_dist_partition where partmethod = 'h'`;

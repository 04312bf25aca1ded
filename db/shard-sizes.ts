import type { Sql } from "./client.ts";

/**
 * Tables that Citus has spread over several servers, by their `oid`: `rows` as the servers' planners know them, `bytes`, and `total_bytes` with the indexes.
 * The table of such a name on the coordinator is empty. Takes some connections, so not for every statement.
 */
export const shardedTables = (sql: Sql) => sql`
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
  where partmethod = 'h'`;

import { isDistributed, type JsonValue, type Sql, type TransactionSql } from "../../client.ts";
import { lockKeys } from "../../locks.ts";
import { shardBytes, shardedTables } from "../../shard-sizes.ts";

export type ProcessRow = {
  owner: string;
  host: string;
  pid: number;
  version: string;
  workers: number;
  /** Which of web, schedule, work and sweep it does. */
  roles: string[];
  leader: boolean;
  /** alive; lost: not heard of for as long as its leases last; stopped in good order. */
  state: "alive" | "lost" | "stopped";
  startedAt: Date;
  heartbeatAt: Date;
  /** Tasks and batches that it holds. */
  tasks: number;
  /** What those are called, and some of the runs that they belong to, oldest first. */
  names: string[];
  runs: number[];
  /** Sweeps that it has as a whole, or runs points of for another; and backtests over the universe that others asked for. */
  sweeps: number[];
  backtests: number;
};

/**
 * Processes that share the database, the living first; those that ended are remembered for a week. One that was not heard
 * of for `silentMs` is lost.
 */
export function selectProcesses(sql: Sql, silentMs: number, limit: number): Promise<ProcessRow[]> {
  return sql<ProcessRow[]>`
    select *
    from (
      select
        owner,
        host,
        pid,
        version,
        workers,
        roles,
        leader,
        case
          when stopped_at is not null then 'stopped'
          when heartbeat_at < now() - ${silentMs}::float8 * interval '1 millisecond' then 'lost'
          else 'alive'
        end as state,
        started_at as "startedAt",
        heartbeat_at as "heartbeatAt",
        held.tasks,
        held.names,
        held.runs,
        pieces.sweeps,
        pieces.backtests
      from barline.processes
      cross join lateral (
        select
          count(*)::int as tasks,
          coalesce(array_agg(distinct name order by name), '{}') as names,
          coalesce((array_agg(distinct run_id::int order by run_id::int))[1:5], '{}') as runs
        from barline.tasks
        where tasks.state = 'running' and tasks.lease_owner = processes.owner
      ) as held
      cross join lateral (
        select
          coalesce(array_agg(distinct sweep_id::int order by sweep_id::int) filter (where sweep_id is not null), '{}') as sweeps,
          (count(*) filter (where kind = 'backtest'))::int as backtests
        from barline.research_pieces
        where research_pieces.state = 'running' and research_pieces.lease_owner = processes.owner
      ) as pieces
    ) as known
    order by array_position(array['alive', 'lost', 'stopped'], state), "heartbeatAt" desc
    limit ${limit}::int`;
}

/** The processes that are at work on the database now: the server holds a lock for each as long as it lives. */
export function selectWorkingProcesses(sql: Sql | TransactionSql): Promise<{ host: string; pid: number }[]> {
  return sql<{ host: string; pid: number }[]>`
    select host, processes.pid
    from pg_locks
    inner join barline.processes on processes.owner::int::oid = objid
    where locktype = 'advisory' and classid = ${lockKeys.processClass}::int::oid
      and database = (select oid from pg_database where datname = current_database())
    order by host, processes.pid`;
}

export type TableRow = { schema: string; name: string; rows: number | null; bytes: number };

/** Of tables that lie in one database: no rows. */
const noShards = (sql: Sql) => sql`select null::oid as oid, null::bigint as rows, null::bigint as total_bytes`;

/**
 * Every table with its indexes: bytes as they are, rows as the planner or the statistics last knew them. Of one that is `distributed`, those of its
 * shards.
 */
export function selectTableSizes(sql: Sql, distributed = isDistributed(sql)): Promise<TableRow[]> {
  return sql<TableRow[]>`
    with sharded as materialized (${distributed ? shardedTables(sql) : noShards(sql)})
    select
      namespaces.nspname as schema,
      classes.relname as name,
      case
        when sharded.oid is not null then sharded.rows
        -- One that was emptied has statistics of before.
        when pg_relation_size(classes.oid) = 0 then 0
        when classes.reltuples < 0 and pg_stat_get_live_tuples(classes.oid) = 0 then null
        else greatest(classes.reltuples, pg_stat_get_live_tuples(classes.oid))::bigint
      end as rows,
      pg_total_relation_size(classes.oid) + coalesce(sharded.total_bytes, 0) as bytes
    from pg_class as classes
    left join sharded on sharded.oid = classes.oid
    inner join pg_namespace as namespaces on namespaces.oid = classes.relnamespace
    where classes.relkind in ('r', 'm') and namespaces.nspname not like 'pg\\_%' and namespaces.nspname <> 'information_schema'`;
}

/** Of the database, and of the shards on other servers where its tables are `distributed`. */
export async function selectDatabaseBytes(sql: Sql, distributed = isDistributed(sql)): Promise<number> {
  const ofShards = distributed ? sql`+ (${shardBytes(sql)})` : sql``;
  const rows = await sql<{ bytes: number }[]>`select pg_database_size(current_database()) ${ofShards} as bytes`;
  return rows[0]?.bytes ?? 0;
}

/** Objects and bytes that the runs of a job landed since an instant and housekeeping has not removed, by their summaries. */
export async function selectLanded(sql: Sql, jobId: string, since: Date): Promise<{ objects: number; bytes: number }> {
  const rows = await sql<{ objects: number; bytes: number }[]>`
    select
      coalesce(sum((summary ->> 'calls')::bigint), 0)::bigint as objects,
      coalesce(sum((summary ->> 'bytes')::bigint), 0)::bigint as bytes
    from barline.runs
    where
      job_id = ${jobId}::text
      and finished_at >= ${since}::timestamptz
      and summary ? 'manifest'
      and not summary ? 'rawRemoved'`;
  return rows[0] ?? { objects: 0, bytes: 0 };
}

export type HousekeepingRow = {
  id: number;
  trigger: string;
  state: "running" | "success" | "failed" | "lost";
  removed: JsonValue;
  error: string | null;
  startedAt: Date;
  finishedAt: Date | null;
};

/** The last times that old records were removed, newest first. One that is open while nobody holds the lock was killed. */
export function selectHousekeepingRuns(sql: Sql, limit: number): Promise<HousekeepingRow[]> {
  return sql<HousekeepingRow[]>`
    select
      id,
      trigger,
      case
        when finished_at is not null then case when error is null then 'success' else 'failed' end
        when exists (
          select
          from pg_locks
          where
            locktype = 'advisory'
            and classid = 0::oid
            and objid = ${lockKeys.housekeeping}::bigint::oid
            and database = (select oid from pg_database where datname = current_database())
        ) then 'running'
        else 'lost'
      end as state,
      removed,
      error,
      started_at as "startedAt",
      finished_at as "finishedAt"
    from barline.housekeeping_runs
    order by id desc
    limit ${limit}::int`;
}

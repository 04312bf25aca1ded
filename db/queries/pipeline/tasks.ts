import type { JsonValue, Sql, TransactionSql } from "../../client.ts";

type Any = Sql | TransactionSql;

export type NewTask = {
  runId: number;
  jobId: string;
  name: string;
  step: number;
  mapIndex: number;
  priority: number;
  input: JsonValue;
};

/** Queues tasks and batches. Those that were cleared are queued again, with their tries and logs. */
export async function insertTasks(transaction: TransactionSql, tasks: NewTask[]): Promise<void> {
  await transaction`
    insert into barline.tasks (run_id, job_id, name, step, map_index, state, input, priority)
    select (task ->> 'runId')::bigint, task ->> 'jobId', task ->> 'name', (task ->> 'step')::int, (task ->> 'mapIndex')::int,
      'queued', task -> 'input', (task ->> 'priority')::int
    from jsonb_array_elements(${transaction.json(tasks)}::jsonb) with ordinality as list (task, position)
    order by position
    on conflict (run_id, step, map_index) do update
    set state = 'queued', name = excluded.name, input = excluded.input, available_at = now(), failures = 0, losses = 0
    where tasks.state = 'cleared'`;
}

/** Queues the first task of runs that were just started. */
export async function insertFirstTasks(transaction: TransactionSql, runIds: number[], name: string): Promise<void> {
  await transaction`
    insert into barline.tasks (run_id, job_id, name, step, state, input, priority)
    select id, job_id, ${name}::text, 0, 'queued', '{}'::jsonb, priority
    from barline.runs where id = any (${runIds}::bigint[]) order by priority desc, partition, id
    on conflict (run_id, step, map_index) do nothing`;
}

export type ClaimedTask = {
  id: number;
  runId: number;
  jobId: string;
  name: string;
  step: number;
  mapIndex: number;
  tries: number;
  /** Tries before this one that ended, in a row, with their process. */
  losses: number;
  input: JsonValue;
  trigger: string;
  partition: string | null;
  partitionTo: string | null;
  backfillId: number | null;
  parameters: Record<string, JsonValue>;
};

/**
 * Takes up to `limit` queued tasks whose `job/name` is among `kinds`, under a lease, and opens a try of each.
 * Rows that another process is claiming are passed over, so nobody waits and nobody claims twice. The tasks of a run
 * that is queued again wait until the run has its turn.
 */
export async function claimTasks(
  sql: Sql,
  claim: { owner: string; kinds: string[]; limit: number; leaseMs: number },
): Promise<ClaimedTask[]> {
  return await sql<ClaimedTask[]>`
    with picked as (
      select tasks.id from barline.tasks join barline.runs on runs.id = tasks.run_id
      where tasks.state = 'queued' and available_at <= now() and runs.state = 'running'
        and tasks.job_id || '/' || name = any (${claim.kinds}::text[])
      order by tasks.priority desc, tasks.id limit ${claim.limit}::int
      for update of tasks skip locked
    ), claimed as (
      update barline.tasks set state = 'running', tries = tries + 1, lease_owner = ${claim.owner}::text,
        lease_expires_at = now() + ${claim.leaseMs}::float8 * interval '1 millisecond',
        started_at = coalesce(started_at, now()), finished_at = null, progress_done = null, progress_total = null,
        progress_unit = null
      from picked where tasks.id = picked.id
      returning tasks.*
    ), opened as (
      insert into barline.tries (task_id, number, state, owner)
      select id, tries, 'running', ${claim.owner}::text from claimed
    )
    select claimed.id, claimed.run_id as "runId", claimed.job_id as "jobId", claimed.name, claimed.step,
      claimed.map_index as "mapIndex", claimed.tries, claimed.losses, claimed.input, runs.trigger, runs.partition,
      runs.partition_to as "partitionTo", runs.backfill_id as "backfillId", runs.parameters
    from claimed join barline.runs on runs.id = claimed.run_id
    order by claimed.priority desc, claimed.id`;
}

/** A try: what a process must still hold to be allowed to end it. */
export type HeldTry = { taskId: number; number: number; owner: string };

/** Fails a running task if this try still holds it; false where it was cancelled or taken over meanwhile. */
export async function failTask(transaction: TransactionSql, held: HeldTry, error: JsonValue): Promise<boolean> {
  const rows = await transaction`
    update barline.tasks set state = 'failed', output = null, error = nullif(${transaction.json(error)}::jsonb, 'null'::jsonb),
      lease_owner = null, lease_expires_at = null, finished_at = now(), failures = failures + 1, losses = 0
    where id = ${held.taskId}::bigint and state = 'running' and tries = ${held.number}::int and lease_owner = ${held.owner}::text
    returning id`;
  return rows.length === 1;
}

export type SucceededTry = { taskId: number; number: number; output: JsonValue };

/**
 * Ends running tasks, and the tries of `owner` that succeeded, which must still hold them. Answers the tasks; the others were
 * cancelled or taken over meanwhile. Locked in one order, as renewals and cancellations of the same tasks do.
 */
export async function succeedTasks(
  transaction: TransactionSql,
  owner: string,
  succeeded: SucceededTry[],
): Promise<number[]> {
  const rows = await transaction<{ id: number }[]>`
    with given as materialized (
      select (item ->> 'taskId')::bigint as id, (item ->> 'number')::int as number, item -> 'output' as output
      from jsonb_array_elements(${transaction.json(succeeded)}::jsonb) as item
    ), held as materialized (
      select tasks.id from barline.tasks
      where tasks.id in (select id from given) and tasks.state = 'running' and tasks.lease_owner = ${owner}::text
        and tasks.tries = (select number from given where given.id = tasks.id)
      order by tasks.id for update
    ), ended as (
      update barline.tasks set state = 'success', output = nullif(given.output, 'null'::jsonb), error = null,
        lease_owner = null, lease_expires_at = null, finished_at = now(), losses = 0
      from held join given using (id)
      where tasks.id = held.id
      returning tasks.id, tasks.tries
    ), closed as (
      update barline.tries set state = 'success', error = null, finished_at = now()
      from ended where tries.task_id = ended.id and tries.number = ended.tries
    )
    select id from ended`;
  return rows.map((row) => row.id);
}

/** Puts a task back in the queue for `delayMs`, if this try still holds it. `counts` is false for an outage or a stop. */
export async function requeueTask(
  transaction: TransactionSql,
  held: HeldTry,
  again: { delayMs: number; counts: boolean; error: JsonValue },
): Promise<boolean> {
  const rows = await transaction`
    update barline.tasks set state = 'queued', error = nullif(${transaction.json(again.error)}::jsonb, 'null'::jsonb), lease_owner = null,
      lease_expires_at = null, available_at = now() + ${again.delayMs}::float8 * interval '1 millisecond',
      failures = failures + case when ${again.counts}::boolean then 1 else 0 end, losses = 0
    where id = ${held.taskId}::bigint and state = 'running' and tries = ${held.number}::int and lease_owner = ${held.owner}::text
    returning id`;
  return rows.length === 1;
}

export async function endTry(
  transaction: TransactionSql,
  held: HeldTry,
  state: string,
  error: JsonValue,
): Promise<void> {
  await transaction`
    update barline.tries set state = ${state}::text, error = nullif(${transaction.json(error)}::jsonb, 'null'::jsonb), finished_at = now()
    where task_id = ${held.taskId}::bigint and number = ${held.number}::int`;
}

export async function selectFailures(sql: Any, taskId: number): Promise<number> {
  const [row] = await sql<{ failures: number }[]>`select failures from barline.tasks where id = ${taskId}::bigint`;
  return row?.failures ?? 0;
}

export type StepOfRun = { runId: number; step: number };
export type StepStates = StepOfRun & { active: number; failed: number; cancelled: number; error: JsonValue };

/** How the tasks of steps of runs stand, with the error of the first that failed; a step without tasks is not among the answers. */
export async function selectStepStates(transaction: TransactionSql, steps: StepOfRun[]): Promise<StepStates[]> {
  return await transaction<StepStates[]>`
    select run_id as "runId", step, count(*) filter (where state in ('queued', 'running'))::int as active,
      count(*) filter (where state = 'failed')::int as failed,
      count(*) filter (where state = 'cancelled')::int as cancelled,
      (array_agg(error order by map_index) filter (where state = 'failed'))[1] as error
    from barline.tasks
    where (run_id, step) in (
      select * from unnest(${steps.map(({ runId }) => runId)}::bigint[], ${steps.map(({ step }) => step)}::int[]))
    group by run_id, step`;
}

/** Outputs of a task's batches, in order, but of those that a person marked. */
export async function selectOutputs(sql: Any, runId: number, name: string): Promise<JsonValue[]> {
  const rows = await sql<{ output: JsonValue }[]>`
    select output from barline.tasks
    where run_id = ${runId}::bigint and name = ${name}::text and state = 'success' and not marked order by map_index`;
  return rows.map((row) => row.output);
}

/** Inputs of a task's batches, in order, but of those that a person marked. */
export async function selectInputs(sql: Any, runId: number, name: string): Promise<JsonValue[]> {
  const rows = await sql<{ input: JsonValue }[]>`
    select input from barline.tasks
    where run_id = ${runId}::bigint and name = ${name}::text and state <> 'cleared' and not marked order by map_index`;
  return rows.map((row) => row.input);
}

/** Cancels what is queued or running of some runs; a process that runs one learns it when it next renews or ends it. */
export async function cancelTasks(transaction: TransactionSql, runIds: number[]): Promise<void> {
  await transaction`
    with active as (
      select id from barline.tasks where run_id = any (${runIds}::bigint[]) and state in ('queued', 'running')
      order by id for update
    )
    update barline.tasks set state = 'cancelled', lease_owner = null, lease_expires_at = null, finished_at = now()
    from active where tasks.id = active.id`;
}

/** Ends the open tries of the cancelled tasks of some runs. After them, as a try may have been opened while they were waited for. */
export async function cancelTries(transaction: TransactionSql, runIds: number[]): Promise<void> {
  await transaction`
    update barline.tries set state = 'cancelled', finished_at = now()
    from barline.tasks
    where run_id = any (${runIds}::bigint[]) and tasks.state = 'cancelled' and tries.task_id = tasks.id
      and tries.state = 'running'`;
}

/** Queues the failed and cancelled tasks of some runs again, with their tries to spend anew. Answers how many. */
export async function requeueEndedTasks(transaction: TransactionSql, runIds: number[]): Promise<number> {
  const rows = await transaction`
    update barline.tasks set state = 'queued', available_at = now(), started_at = null, finished_at = null, error = null,
      failures = 0, losses = 0, marked = false
    where run_id = any (${runIds}::bigint[]) and state in ('failed', 'cancelled') returning id`;
  return rows.length;
}

/** Milliseconds until the next queued task may be claimed; undefined where none waits. */
export async function selectNextAvailable(sql: Sql): Promise<number | undefined> {
  const [row] = await sql<{ waitMs: number | null }[]>`
    select extract(epoch from min(available_at) - now())::float8 * 1000 as "waitMs"
    from barline.tasks where state = 'queued' and available_at > now()`;
  return row?.waitMs ?? undefined;
}

import type { Sql } from "../../../db/client.ts";
import { type DatedReason, jobIds, type SessionReason } from "../../../jobs/pipeline.ts";

export type SampleBackfill = {
  dates: string[];
  /** Of one run a date; a single one for several dates is of a run that covers them all. */
  states: string[];
  skipped?: DatedReason[];
  reason?: SessionReason;
  createdBy?: string;
  paused?: boolean;
  concurrency?: number;
  order?: string;
  startedAt?: string;
  /** States of the batches of the first run. */
  batches?: string[];
};

/** Adds a backfill with its runs as they stand, and answers its id. What has ended did so half a minute after it began. */
export async function addBackfill(sql: Sql, given: SampleBackfill): Promise<number> {
  const { dates, states, skipped = [], reason = { kind: "never_ran" }, batches = [] } = given;
  const reasons = dates.map((date) => ({ date, reason }));
  const strategy = states.length === dates.length ? "grouped" : "per_ticker";
  const calls = { strategy, calls: dates.length, minutes: 0, alternative: null };
  const plan = { ...calls, sessions: dates.length, dates, reasons, skipped };
  const isActive = states.some((state) => state === "queued" || state === "running");
  const state = isActive ? "running" : (states.find((one) => one !== "success") ?? "success");
  const startedAt = given.startedAt ?? "2020-01-10T02:00:00Z";
  const [backfill] = await sql<[{ id: number }]>`
    insert into barline.backfills (job_id, state, paused, from_partition, to_partition, reprocess, plan, concurrency,
      run_order, created_at, finished_at)
    values (${jobIds.ingest}, ${state}, ${given.paused ?? false}, ${dates[0] ?? ""}, ${dates.at(-1) ?? ""}, 'missing',
      ${sql.json(plan)}, ${given.concurrency ?? null}, ${given.order ?? "oldest"}, ${startedAt},
      ${isActive ? null : startedAt})
    returning id`;
  await sql`
    insert into barline.actions (actor, via, kind, job_id, backfill_id)
    values (${given.createdBy ?? "Ada"}, 'dashboard', 'backfill.create', ${jobIds.ingest}, ${backfill.id})`;
  const runs: number[] = [];
  for (const [index, runState] of states.entries()) {
    const to = states.length === dates.length ? dates[index] : dates.at(-1);
    const [run] = await sql<[{ id: number }]>`
      insert into barline.runs (job_id, state, trigger, partition, partition_to, backfill_id, started_at, finished_at)
      values (${jobIds.ingest}, ${runState}, 'backfill', ${dates[index] ?? ""}, ${to ?? ""}, ${backfill.id},
        ${runState === "queued" ? null : startedAt},
        case when ${runState} not in ('queued', 'running') then ${startedAt}::timestamptz + interval '30 seconds' end)
      returning id`;
    runs.push(run.id);
  }
  for (const [index, batch] of batches.entries()) {
    await sql`
      insert into barline.tasks (run_id, job_id, name, step, map_index, state, output, finished_at)
      values (${runs[0] ?? 0}, ${jobIds.ingest}, 'fetch', 1, ${index}, ${batch}, ${sql.json({ calls: 1 })},
        case when ${batch} = 'success' then ${startedAt}::timestamptz + interval '30 seconds' end)`;
  }
  return backfill.id;
}

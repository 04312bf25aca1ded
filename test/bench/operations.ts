import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import pino from "pino";
import { openPool, type Sql } from "../../db/client.ts";
import { startEmbeddedPostgres } from "../../db/embedded.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { createOrchestrator } from "../../jobs/orchestrator/orchestrator.ts";
import type { JobDefinition, PlainTask } from "../../jobs/orchestrator/types.ts";
import { until } from "../support/until.ts";
import type { Latency } from "./stages.ts";

export type OperationsOptions = { folder: string; events: number; say(line: string): void };

const dataset = "bench://events";

/**
 * Milliseconds from a dataset event to the first task of the run that it wakes, one event after another, on the embedded
 * server as people run it. The jobs do nothing: what is measured is the orchestrator.
 */
export async function measureEvents({ folder, events, say }: OperationsOptions): Promise<Latency> {
  const dataDir = join(folder, "operations");
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true });
  await chmod(dataDir, 0o755);
  say(`waking a job ${events} times`);
  const server = await startEmbeddedPostgres({ dataDir });
  try {
    await migrateDatabase(server.url);
    const sql = openPool(server.url, "state");
    const lockSql = openPool(server.url, "lock");
    const orchestrator = createOrchestrator({
      sql,
      lockSql,
      jobs: [job("producer", { produces: [dataset] }, produce), job("consumer", { triggeredBy: [dataset] }, nothing)],
      pool: { capacity: 1, size: () => 0, run: () => Promise.reject(new Error("No batch is planned.")), close() {} },
      identity: { host: "bench", pid: process.pid, version: "0.0.0", workers: 1, roles: ["web", "work"] },
      log: pino({ level: "silent" }),
      now: () => new Date(),
      random: Math.random,
    });
    await orchestrator.start();
    for (let count = 1; count <= events; count += 1) {
      await orchestrator.createRun("producer", {});
      await until("the consumer has run", async () => (await consumed(sql)) === count);
    }
    const latency = await readWaits(sql);
    await orchestrator.stop(2000);
    await Promise.all([sql.end(), lockSql.end()]);
    return latency;
  } finally {
    await server.stop();
  }
}

const produce: PlainTask["run"] = async () => ({ events: [{ dataset, payload: {} }] });
const nothing: PlainTask["run"] = async () => ({});

const job = (id: string, given: Partial<JobDefinition>, run: PlainTask["run"]): JobDefinition => ({
  id,
  title: id,
  description: "A job of the benchmark.",
  tasks: [{ kind: "plain", name: "only", description: "Its one task.", run }],
  maxActiveRuns: 1,
  maxTries: 1,
  runsWithoutEvents: true,
  ...given,
});

async function consumed(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from barline.runs where job_id = 'consumer' and state = 'success'`;
  return row?.count ?? 0;
}

async function readWaits(sql: Sql): Promise<Latency> {
  const [row] = await sql<Latency[]>`
    with waits as (
      select extract(epoch from first.started_at - events.created_at) * 1000 as ms
      from barline.event_claims claims
      join barline.dataset_events events on events.id = claims.event_id
      join barline.tasks first on first.run_id = claims.run_id and first.step = 0
    )
    select count(*)::int as count, coalesce(percentile_cont(0.5) within group (order by ms), 0)::float8 as p50,
      coalesce(percentile_cont(0.99) within group (order by ms), 0)::float8 as p99,
      coalesce(max(ms), 0)::float8 as longest
    from waits`;
  return row ?? { count: 0, p50: 0, p99: 0, longest: 0 };
}

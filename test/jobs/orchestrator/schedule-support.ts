import pino from "pino";
import { openPool, type Sql } from "../../../db/client.ts";
import { createIngestJob } from "../../../jobs/ingest-job.ts";
import { openLake } from "../../../jobs/lake/open.ts";
import type { ReferenceData } from "../../../jobs/market/reference-data.ts";
import { createOrchestrator } from "../../../jobs/orchestrator/orchestrator.ts";
import { queueDueRuns } from "../../../jobs/orchestrator/triggers.ts";
import type { JobDefinition, Orchestrator, Schedule } from "../../../jobs/orchestrator/types.ts";
import { createFakePool } from "./harness.ts";

/** The schedule of the ingest job itself, over the trading calendar from `startDate`. */
export function ingestSchedule(startDate: string, catchup: Schedule["catchup"]): Schedule {
  const lakeOptions = { kind: "folder", root: "/nowhere", bucket: "test" } as const;
  const { schedule } = createIngestJob({
    settings: {
      lake: lakeOptions,
      market: { baseUrl: "", apiKey: "" },
      databaseUrl: "",
      source: "demo",
      callsPerMinute: null,
      universe: { kind: "all" },
      startDate,
      catchup,
      recheckSessions: 0,
    },
    sql: (() => Promise.reject(new Error("the database was not expected"))) as unknown as Sql,
    lake: openLake(lakeOptions),
    reference: {} as ReferenceData,
    rebuild: () => Promise.reject(new Error("no build was expected")),
    now: () => new Date(0),
  });
  if (!schedule) throw new Error("The ingest job has no schedule.");
  return schedule;
}

/** A process that dies between its inserts and its commit: its connection's end rolls them back. */
export async function crashWhileQueuing(sql: Sql, job: JobDefinition, now: Date): Promise<void> {
  const died = new Error("killed");
  const dying = sql.begin(async (transaction) => {
    const within = Object.assign(Object.create(transaction), {
      begin: (work: (inner: typeof transaction) => unknown) => work(transaction),
    });
    await queueDueRuns(within, job, now, false);
    throw died;
  });
  await dying.catch((error) => {
    if (error !== died) throw error;
  });
}

/** An orchestrator that can end as a process does: in good order, or between any two of its instants. */
export type Mortal = { orchestrator: Orchestrator; stop(): Promise<void>; kill(): Promise<void> };

/** Starts an orchestrator with pools of its own, as a process of its own would. */
export async function startMortal(
  url: string,
  jobs: JobDefinition[],
  given: { now: () => Date; pid?: number; pollMs?: number; heartbeatMs?: number },
): Promise<Mortal> {
  const pools = [openPool(url, "state"), openPool(url, "lock")] as const;
  const [sql, lockSql] = pools;
  const orchestrator = createOrchestrator({
    sql,
    lockSql,
    jobs,
    pool: createFakePool(),
    identity: { host: "test", pid: given.pid ?? 1, version: "0.0.0", workers: 1, roles: ["web", "work"] },
    log: pino({ level: "silent" }),
    now: given.now,
    random: Math.random,
    pollMs: given.pollMs ?? 50,
    heartbeatMs: given.heartbeatMs ?? 100,
    leaseMs: 15_000,
  });
  const disconnect = () => Promise.all(pools.map((pool) => pool.end({ timeout: 0 })));
  let ended: Promise<void> | undefined;
  await orchestrator.start();
  return {
    orchestrator,
    stop: () => {
      ended ??= orchestrator.stop(2000).then(async () => void (await disconnect()));
      return ended;
    },
    kill: () => {
      // Its connections go first, so that nothing of its stop reaches the database; then its timers.
      ended ??= disconnect().then(() => orchestrator.stop(50));
      return ended;
    },
  };
}

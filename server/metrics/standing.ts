import { Gauge, type Registry } from "prom-client";
import type { Sql } from "../../db/client.ts";
import { type StandingRow, selectStanding } from "../../db/queries/operations/metrics.ts";
import { selectPublishedRange } from "../../db/queries/pipeline/publication.ts";
import { settledSessions, settlesAt } from "../../jobs/market/calendar.ts";
import { leaseMs } from "../../jobs/orchestrator/lease.ts";
import { activeStates, runStates } from "../../jobs/orchestrator/types.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { prefix } from "./names.ts";

/** Reads how everything stands and sets the gauges; the same from every process. */
export type Standing = { read(): Promise<void> };

const dayMs = 86_400_000;
/** The coverage of so many days is looked at first: reading all of it takes longer each year. */
const recentDays = 30;

export function createStanding(
  registry: Registry,
  options: { read: Sql; jobs: string[]; startDate: string; now(): Date },
): Standing {
  const { up, gauges } = createGauges(registry);

  const clear = () => {
    for (const one of [gauges.runs, gauges.tasks, gauges.events, gauges.alerts]) one.reset();
    // Those without labels would be reset to a zero that looks like an answer.
    for (const one of [gauges.processes, gauges.behind, gauges.lag]) one.remove();
  };

  const show = (rows: StandingRow[], lag: Lag) => {
    clear();
    for (const job of options.jobs) {
      for (const state of runStates) gauges.runs.set({ job, state }, 0);
      for (const state of activeStates) gauges.tasks.set({ job, state }, 0);
      gauges.events.set({ job }, 0);
    }
    gauges.processes.set(0);
    for (const { what, name, state, count } of rows) {
      if (what === "runs" || what === "tasks") gauges[what].set({ job: name, state }, count);
      else if (what === "events") gauges.events.set({ job: name }, count);
      else if (what === "alerts") gauges.alerts.set({ kind: name }, count);
      else gauges.processes.set(count);
    }
    gauges.behind.set(lag.sessions);
    gauges.lag.set(lag.seconds);
  };

  return {
    async read() {
      try {
        const [rows, lag] = await Promise.all([selectStanding(options.read, leaseMs), readLag(options)]);
        show(rows, lag);
        up.set(1);
      } catch {
        // What this process counts itself is wanted all the more while the database is away.
        clear();
        up.set(0);
      }
    },
  };
}

function createGauges(registry: Registry) {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name: `${prefix}${name}`, help, labelNames, registers: [registry] });
  const up = gauge(
    "database_up",
    "Whether the database answered this scrape; without it, the figures of it are absent.",
  );
  const gauges = {
    runs: gauge("runs", "Runs by state.", ["job", "state"]),
    tasks: gauge("tasks", "Tasks and batches that are queued or running.", ["job", "state"]),
    events: gauge("events_waiting", "Dataset events that wait for a run of the job.", ["job"]),
    alerts: gauge("alerts_open", "Alerts that are open.", ["kind"]),
    processes: gauge(
      "processes_alive",
      `Processes that share this database and showed that they live within ${leaseMs / 1000} s.`,
    ),
    behind: gauge(
      "sessions_behind",
      "Sessions whose data has settled and that readers cannot see yet, after the newest that they can.",
    ),
    lag: gauge(
      "session_lag_seconds",
      "How long ago the first of those sessions settled; 0 where the newest settled one is published.",
    ),
  };
  return { up, gauges };
}

type Lag = { sessions: number; seconds: number };

async function readLag({ read, startDate, now }: { read: Sql; startDate: string; now(): Date }): Promise<Lag> {
  const at = now();
  const recently = new Date(at.getTime() - recentDays * dayMs).toISOString().slice(0, 10);
  // Mostly it is recent; all sessions are followed only where none of these is published.
  const range =
    (await selectPublishedRange(read, jobIds, recently)) ?? (await selectPublishedRange(read, jobIds, null));
  const newest = range?.last;
  const from = newest ?? startDate;
  const missing = settledSessions(from, at).filter((session) => newest === undefined || session > newest);
  const first = missing[0];
  return {
    sessions: missing.length,
    seconds: first === undefined ? 0 : Math.max(0, (at.getTime() - settlesAt(first).getTime()) / 1000),
  };
}

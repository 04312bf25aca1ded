import { selectWarehouseSize } from "../../db/queries/market/read-warehouse.ts";
import {
  type ActiveRun,
  type JobStanding,
  selectActiveRuns,
  selectEventBacklog,
  selectJobStandings,
  selectPace,
  selectPartitionCounts,
} from "../../db/queries/pipeline/read-jobs.ts";
import { selectProblems } from "../../db/queries/pipeline/read-problems.ts";
import { lastSettledSession, sessionsBetween, settlesAt, upcomingSessions } from "../../jobs/market/calendar.ts";
import type { JobDefinition } from "../../jobs/orchestrator/types.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import {
  formatCount,
  formatDuration,
  formatInteger,
  formatPartition,
  formatRate,
  formatSession,
} from "../../views/format.ts";
import type { JobPanel, OverviewStatus } from "../../views/pipeline/overview.tsx";
import type { AppContext } from "../context.ts";
import { readMissingRoles } from "../http/missing-roles.ts";
import type { PublishedRange } from "./published-range.ts";

/** Rates are taken over the last two minutes: long enough for 5 calls a minute, short enough to follow a change. */
const paceWindowMs = 120_000;

const words: Record<string, { does: string; unit: string }> = {
  [jobIds.ingest]: { does: "Market API to lake", unit: "sessions" },
  [jobIds.load]: { does: "Lake to warehouse", unit: "manifests" },
  [jobIds.transform]: { does: "Warehouse to published models", unit: "loads" },
  [jobIds.workspace]: { does: "Your own models on those", unit: "publications" },
  [jobIds.export]: { does: "Published models to the lake", unit: "publications" },
};

/** The line that data passes through; other jobs show once they have had something to do. */
const always = new Set<string>([jobIds.ingest, jobIds.load, jobIds.transform]);

/** Queued runs of a paused job wait for a person. */
const isAtWork = ({ queued, running, paused }: { queued: number; running: number; paused: boolean }) =>
  running > 0 || (queued > 0 && !paused);

/** What the scheduler will start by itself; sessions that catchup leaves out are nobody's work until somebody asks. */
const wantedPartitions = ({ schedule }: JobDefinition, now: Date): string[] =>
  schedule?.catchup === "all" ? schedule.due(now) : [];

/** Items a minute since the first of the recent runs began; null while there is nothing to go by. */
async function readPerMinute(context: AppContext, jobId: string): Promise<number | null> {
  const now = context.now().getTime();
  const pace = await selectPace(context.read, jobId, new Date(now - paceWindowMs));
  if (pace.items === 0 || !pace.since) return null;
  const elapsedMs = now - Math.max(pace.since.getTime(), now - paceWindowMs);
  return elapsedMs < 1000 ? null : (pace.items * 60_000) / elapsedMs;
}

function tellActive(run: ActiveRun): JobPanel["active"][number] {
  const label = run.partition === null ? `Run ${run.id}` : formatPartition(run.partition, run.partitionTo);
  const amount = run.done !== null && run.total ? [run.done, run.total, run.unit ?? ""] : null;
  const batches = run.batches && run.batches > 1 ? [run.batchesDone ?? 0, run.batches, "batches"] : null;
  const [done, total, unit] = amount ?? batches ?? [];
  const detail =
    typeof done === "number" && typeof total === "number"
      ? `${formatInteger(done)} of ${formatInteger(total)} ${unit}`
      : null;
  return { runId: run.id, label, task: run.task, detail };
}

function panelState({ paused, queued, running }: JobStanding, waiting: number): JobPanel["state"] {
  if (paused) return "paused";
  if (running > 0) return "running";
  if (queued > 0) return "queued";
  return waiting > 0 ? "waiting" : "idle";
}

async function readPanel(
  context: AppContext,
  job: JobDefinition,
  standing: JobStanding,
  active: ActiveRun[],
): Promise<JobPanel> {
  const counts = job.triggeredBy
    ? await selectEventBacklog(context.read, job.id, job.triggeredBy)
    : { ...(await selectPartitionCounts(context.read, job.id, wantedPartitions(job, context.now()))), waiting: 0 };
  const perMinute = isAtWork(standing) ? await readPerMinute(context, job.id) : null;
  return {
    id: job.id,
    title: job.title,
    does: words[job.id]?.does ?? job.description,
    state: panelState(standing, counts.waiting),
    waiting: counts.waiting,
    queued: standing.queued,
    running: standing.running,
    failed: standing.failed,
    isAtWork: isAtWork(standing),
    ahead: counts.ahead,
    done: counts.done,
    total: counts.total,
    unit: words[job.id]?.unit ?? "items",
    perMinute,
    leftMs: perMinute !== null && counts.ahead > 0 ? Math.ceil((counts.ahead / perMinute) * 60) * 1000 : null,
    lastSuccess: standing.lastSuccessId === null ? null : { runId: standing.lastSuccessId, at: standing.lastSuccessAt },
    active: active.filter((run) => run.jobId === job.id).map(tellActive),
  };
}

const verbs: Record<string, string> = {
  [jobIds.ingest]: "Fetching",
  [jobIds.load]: "Loading",
  [jobIds.transform]: "Building the models from",
  [jobIds.workspace]: "Building your own models on",
  [jobIds.export]: "Exporting",
};

const purposes: Record<string, string> = {
  [jobIds.ingest]: "fetch",
  [jobIds.load]: "load",
  [jobIds.transform]: "publish",
  [jobIds.workspace]: "build your own models on",
  [jobIds.export]: "export",
};

/** One line: what is going on, how fast, how long still; or that all is done. `isWhole`: no session is left out by catchup. */
function headlineOf(panels: JobPanel[], lastPublished: string | null, isWhole: boolean): string {
  const working = panels.find((panel) => panel.isAtWork);
  if (working) {
    const rate = working.perMinute === null ? "" : `, ${formatRate(working.perMinute)} a minute`;
    const left = working.leftMs === null ? "" : `, ${formatDuration(working.leftMs)} left`;
    const count = `${formatInteger(working.done)} of ${formatInteger(working.total)} ${working.unit}`;
    return `${verbs[working.id] ?? working.title} ${count}${rate}${left}`;
  }
  const waiting = panels.find((panel) => panel.ahead > 0);
  const failing = panels.find((panel) => panel.failed > 0);
  const paused = panels.filter((panel) => panel.state === "paused").map((panel) => panel.title);
  if (paused.length > 0) {
    const verb = paused.length === 1 ? "is" : "are";
    return `${paused.join(" and ")} ${verb} paused until somebody resumes ${paused.length === 1 ? "it" : "them"}`;
  }
  if (waiting) return `${formatInteger(waiting.ahead)} ${waiting.unit} still to ${purposes[waiting.id] ?? "do"}`;
  if (failing) {
    const count = formatCount(failing.failed, "run");
    return `${count} of ${failing.title} failed and ${failing.failed === 1 ? "needs" : "need"} somebody`;
  }
  if (lastPublished === null) return "No session has been published yet";
  return isWhole
    ? `Every session up to ${formatSession(lastPublished)} is published`
    : `Every session asked for is published, up to ${formatSession(lastPublished)}`;
}

/** What the top of the overview shows. */
export async function readOverviewStatus(context: AppContext, publishedRange: PublishedRange): Promise<OverviewStatus> {
  const { read, pipeline } = context;
  const now = context.now();
  const jobs = pipeline.orchestrator.jobs;
  const ids = jobs.map(({ id }) => id);
  const [standings, active, size, problems, missingRoles] = await Promise.all([
    selectJobStandings(read, ids),
    selectActiveRuns(read, ids, 4),
    selectWarehouseSize(read),
    selectProblems(read, 6),
    readMissingRoles(context),
  ]);
  const publication = standings.map(
    ({ lastSuccessId, lastSuccessAt }) => `${lastSuccessId}/${lastSuccessAt?.getTime()}`,
  );
  const range = await publishedRange(publication.join(" "));
  const panels = await Promise.all(
    jobs.flatMap((job, index) => {
      const standing = standings[index];
      return standing ? [readPanel(context, job, standing, active)] : [];
    }),
  );
  const shown = panels.filter((panel) => always.has(panel.id) || panel.total > 0 || panel.lastSuccess !== null);
  const lastSettled = lastSettledSession(now);
  const titles = new Map(jobs.map(({ id, title }) => [id, title]));
  const [next] = upcomingSessions(now, 1);
  return {
    now,
    headline: headlineOf(
      shown,
      range?.last ?? null,
      jobs.every(({ schedule }) => !schedule || schedule.catchup === "all"),
    ),
    isWorking: shown.some((panel) => panel.isAtWork),
    panels: shown,
    lastPublished: range?.last ?? null,
    lastSettled,
    behind:
      range && lastSettled !== null
        ? sessionsBetween(range.last, lastSettled).filter((date) => date > range.last).length
        : 0,
    nextDue: next === undefined ? null : { session: next, at: settlesAt(next) },
    size,
    range,
    missingRoles,
    problems: problems.map((problem) => ({ ...problem, jobTitle: titles.get(problem.jobId) ?? problem.jobId })),
  };
}

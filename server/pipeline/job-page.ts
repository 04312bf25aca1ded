import type { Context } from "hono";
import { selectBackfills } from "../../db/queries/backfills/read-backfills.ts";
import { selectEventBacklog, selectJobStandings } from "../../db/queries/pipeline/read-jobs.ts";
import { selectRuns } from "../../db/queries/pipeline/read-runs.ts";
import { lastSettledSession } from "../../jobs/market/calendar.ts";
import { isActive, type JobDefinition, runStates } from "../../jobs/orchestrator/types.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { BackfillForm } from "../../views/backfills/backfill-form.tsx";
import type { JobFacts, JobPageProps, RunForm } from "../../views/pipeline/job.tsx";
import type { RunList } from "../../views/pipeline/job-runs.tsx";
import { freshBackfill } from "../backfills/attempt.ts";
import type { AppContext } from "../context.ts";
import { readShell } from "../http/shell.ts";
import { readSchedule } from "./schedule-read.ts";

const pageSize = 30;
const backfillsShown = 10;

/** Which runs the list shows. */
export type ListQuery = { state: string | null; before: number | null };

/** A job as declared, and as it stands. */
async function readJobFacts(context: AppContext, job: JobDefinition): Promise<JobFacts> {
  const [standings, backlog, schedule] = await Promise.all([
    selectJobStandings(context.read, [job.id]),
    job.triggeredBy ? selectEventBacklog(context.read, job.id, job.triggeredBy) : null,
    readSchedule(context, job),
  ]);
  const standing = standings[0];
  return {
    id: job.id,
    title: job.title,
    description: job.description,
    isPaused: standing?.paused ?? false,
    tasks: job.tasks.map(({ name, description, kind }) => ({ name, description, isMapped: kind === "mapped" })),
    schedule: schedule && {
      ...schedule,
      upcoming: schedule.upcoming.map(({ partition, dueAt }) => ({ session: partition, dueAt })),
    },
    triggeredBy: job.triggeredBy ?? [],
    produces: job.produces ?? [],
    queued: standing?.queued ?? 0,
    running: standing?.running ?? 0,
    failed: standing?.failed ?? 0,
    waitingEvents: backlog?.waiting ?? null,
  };
}

/** One page of the job's runs. */
export async function readRunList(context: AppContext, jobId: string, query: ListQuery): Promise<RunList> {
  const { state, before } = query;
  const runs = await selectRuns(context.read, { jobId, state }, { before, limit: pageSize + 1 });
  const shown = runs.slice(0, pageSize);
  const parts = [state && `state=${state}`, before && `before=${before}`].filter(Boolean);
  return {
    runs: shown,
    state,
    states: runStates,
    older: runs.length > pageSize ? (shown.at(-1)?.id ?? null) : null,
    isFirstPage: before === null,
    isActive: shown.some((run) => isActive(run.state)),
    url: `/jobs/${encodeURIComponent(jobId)}${parts.length > 0 ? `?${parts.join("&")}` : ""}`,
  };
}

const runFormKinds: Record<string, RunForm["kind"]> = {
  [jobIds.load]: "events",
  [jobIds.transform]: "rebuild",
  [jobIds.workspace]: "rebuild",
  [jobIds.export]: "export",
};

/** What a request left on the page: what was typed, what was wrong with it, what it would do. */
export type Attempt = { backfill?: BackfillForm; run?: Pick<RunForm, "session" | "errors"> };

/** Everything that a job's page shows. */
export async function readJobPage(
  context: AppContext,
  c: Context,
  job: JobDefinition,
  query: ListQuery,
  attempt: Attempt = {},
): Promise<JobPageProps> {
  const path = `/jobs/${job.id}`;
  const [shell, facts, list, backfills] = await Promise.all([
    readShell(context, c, path),
    readJobFacts(context, job),
    readRunList(context, job.id, query),
    job.schedule ? selectBackfills(context.read, { jobId: job.id }, backfillsShown) : [],
  ]);
  const runForm = attempt.run ?? { session: lastSettledSession(context.now()) ?? "", errors: {} };
  return {
    shell,
    now: context.now(),
    job: facts,
    list,
    runForm: { kind: runFormKinds[job.id] ?? "session", ...runForm },
    backfill: attempt.backfill ?? (job.schedule ? freshBackfill(context, job, `${path}/backfills`) : null),
    backfills,
  };
}

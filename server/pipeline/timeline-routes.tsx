import { type Context, Hono } from "hono";
import { selectRun } from "../../db/queries/pipeline/read-runs.ts";
import {
  selectLastStart,
  selectRunsBetween,
  selectTimedTries,
  type TimedTry,
} from "../../db/queries/pipeline/read-timeline.ts";
import { isIsoDate } from "../../jobs/market/calendar.ts";
import { addDays } from "../../jobs/market/dates.ts";
import { newYorkDate, newYorkInstant } from "../../jobs/market/new-york.ts";
import { findJob } from "../../jobs/orchestrator/declared.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { formatPartition } from "../../views/format.ts";
import { type DayTimeline, dayTimelinePage, runTimelinePage } from "../../views/pipeline/timeline.tsx";
import type { TimelineBar } from "../../views/pipeline/timeline-lanes.ts";
import type { Span, TimelineGroup } from "../../views/pipeline/timeline-svg.tsx";
import type { AppContext } from "../context.ts";
import { idOf } from "../http/request.ts";
import { readShell } from "../http/shell.ts";

const mostRuns = 1000;
const mostTries = 1000;

/** Minutes after midnight of `09:30`; undefined for what is no time of day. */
function minutesOf(text: string): number | undefined {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  return hours === undefined ? undefined : Number(hours) * 60 + Number(minutes);
}

/** From the first bar's begin to the last one's end, within bounds; never empty. */
function spanOf(bars: TimelineBar[], bounds: Span): Span {
  const from = bars.reduce((first, bar) => Math.min(first, bar.from), bounds.to);
  const to = bars.reduce((last, bar) => Math.max(last, bar.to), bounds.from);
  const begin = Math.max(bounds.from, from);
  return { from: begin, to: Math.max(begin + 1, Math.min(bounds.to, to)) };
}

type Bounds = Pick<DayTimeline, "day" | "from" | "to" | "problem"> & { bounds: Span };

/** The day and hours that are asked for; the last day on which something ran where none is. */
async function readBounds(context: AppContext, c: Context): Promise<Bounds> {
  const asked = c.req.query("day") ?? "";
  const last = isIsoDate(asked) ? null : await selectLastStart(context.read);
  const day = isIsoDate(asked) ? asked : newYorkDate(last ?? context.now());
  const [from, to] = [c.req.query("from") ?? "", c.req.query("to") ?? ""];
  const begin = minutesOf(from) ?? 0;
  const end = minutesOf(to);
  const isEmpty = end !== undefined && begin >= end;
  // A day may have 23 or 25 hours: it ends where the next begins.
  const midnight = newYorkInstant(addDays(day, 1), 0);
  return {
    ...{ day, from, to },
    problem: isEmpty ? "The first hour is not before the last: all of the day is shown." : null,
    bounds: {
      from: newYorkInstant(day, isEmpty ? 0 : begin).getTime(),
      to: (isEmpty || end === undefined ? midnight : newYorkInstant(day, end)).getTime(),
    },
  };
}

async function readDay(context: AppContext, c: Context): Promise<DayTimeline> {
  const { bounds, ...asked } = await readBounds(context, c);
  const now = context.now();
  const { jobs } = context.pipeline.orchestrator;
  const runs = await selectRunsBetween(context.read, new Date(bounds.from), new Date(bounds.to), mostRuns);
  const titleOf = (jobId: string) => findJob(jobs, jobId)?.title ?? jobId;
  const order = [...new Set([...jobs.map(({ id }) => id), ...runs.map(({ jobId }) => jobId)])];
  const byJob = Map.groupBy(runs, ({ jobId }) => jobId);
  const groups = order.flatMap((jobId): TimelineGroup[] => {
    const bars = (byJob.get(jobId) ?? []).map((run) => ({
      from: run.startedAt.getTime(),
      to: (run.finishedAt ?? now).getTime(),
      state: run.state,
      label: `Run ${run.id} ${formatPartition(run.partition, run.partitionTo)}`,
      href: `/runs/${run.id}/timeline`,
    }));
    return bars.length === 0 ? [] : [{ title: titleOf(jobId), href: `/jobs/${encodeURIComponent(jobId)}`, bars }];
  });
  const { day } = asked;
  return {
    ...asked,
    before: addDays(day, -1),
    after: day < newYorkDate(now) ? addDays(day, 1) : null,
    ...{ groups, now },
    span: spanOf(
      groups.flatMap(({ bars }) => bars),
      bounds,
    ),
    runs: runs.reverse().map((run) => ({ ...run, jobTitle: titleOf(run.jobId) })),
    limit: mostRuns,
  };
}

const toBar = (runId: number, now: Date, attempt: TimedTry): TimelineBar => ({
  from: attempt.startedAt.getTime(),
  to: (attempt.finishedAt ?? now).getTime(),
  state: attempt.state,
  label: `${attempt.name}${attempt.mapIndex > 0 ? ` ${attempt.mapIndex}` : ""}, try ${attempt.number}`,
  href: `/runs/${runId}/tasks/${attempt.taskId}`,
});

async function showRun(context: AppContext, c: Context): Promise<Response> {
  const id = idOf(c, "run");
  const run = await selectRun(context.read, id);
  if (!run) throw new RequestError("not_found", `There is no run ${id}.`);
  const [shell, tries] = await Promise.all([
    readShell(context, c, `/runs/${id}/timeline`),
    selectTimedTries(context.read, id, mostTries),
  ]);
  const now = context.now();
  const byStep = [...Map.groupBy(tries, ({ step }) => step)].sort(([a], [b]) => a - b);
  const groups = byStep.map(([, ofStep]) => ({
    title: ofStep[0]?.name ?? "",
    bars: ofStep.map((attempt) => toBar(id, now, attempt)),
  }));
  const span = spanOf(
    groups.flatMap(({ bars }) => bars),
    { from: 0, to: Number.MAX_SAFE_INTEGER },
  );
  const jobTitle = findJob(context.pipeline.orchestrator.jobs, run.jobId)?.title ?? run.jobId;
  const view = { ...{ id, jobTitle, groups, span, tries, now }, state: run.state, limit: mostTries };
  return c.html(runTimelinePage({ shell, view }));
}

async function showDay(context: AppContext, c: Context): Promise<Response> {
  const [shell, view] = await Promise.all([readShell(context, c), readDay(context, c)]);
  return c.html(dayTimelinePage({ shell, view }));
}

/** `/timeline`: what ran when on a day; `/runs/:id/timeline`: what of a run did. */
export function createTimelineRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/timeline", (c) => showDay(context, c));
  routes.get("/runs/:id/timeline", (c) => showRun(context, c));
  return routes;
}

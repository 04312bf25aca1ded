import type { Context } from "hono";
import { everyRun, type RunFilter, selectRunIds, selectRuns } from "../../db/queries/pipeline/read-runs.ts";
import { isIsoDate } from "../../jobs/market/calendar.ts";
import { mostRunsAtOnce, runStates, runTriggers } from "../../jobs/orchestrator/types.ts";
import { tellChanged } from "../../views/pipeline/run-change.tsx";
import type { RunListFilter, RunListView } from "../../views/pipeline/run-list.tsx";
import type { AppContext } from "../context.ts";
import { numberIn } from "../http/request.ts";

const pageSize = 100;

/** What the runs are filtered by, from a query or a form; what is not one of the choices does not filter. */
export function readRunFilter(context: AppContext, textOf: (name: string) => string | undefined): RunListFilter {
  const chosen = (name: string, known: readonly string[]) => known.find((word) => word === textOf(name)) ?? "";
  const dateOf = (name: string) => (isIsoDate(textOf(name) ?? "") ? (textOf(name) ?? "") : "");
  const { jobs } = context.pipeline.orchestrator;
  return {
    job: chosen(
      "job",
      jobs.map(({ id }) => id),
    ),
    state: chosen("state", runStates),
    trigger: chosen("trigger", runTriggers),
    from: dateOf("from"),
    to: dateOf("to"),
    alike: /^[1-9]\d{0,14}$/.test(textOf("alike") ?? "") ? (textOf("alike") ?? "") : "",
  };
}

const toRunFilter = ({ job, state, trigger, from, to, alike }: RunListFilter): RunFilter => ({
  ...everyRun,
  ...(job && { jobId: job }),
  ...(state && { state }),
  ...(trigger && { trigger }),
  ...(from && { from }),
  ...(to && { to }),
  ...(alike && { alike: Number(alike) }),
});

/** The newest runs that match, as many as one request may change, and how many match in all. */
export const readMatchingIds = (context: AppContext, filter: RunListFilter) =>
  selectRunIds(context.read, toRunFilter(filter), mostRunsAtOnce);

/** One page of the runs that match. */
export async function readRunList(context: AppContext, c: Context): Promise<RunListView> {
  const filter = readRunFilter(context, (name) => c.req.query(name));
  const before = numberIn(c, "before");
  const [runs, { matched }] = await Promise.all([
    selectRuns(context.read, toRunFilter(filter), { before, limit: pageSize + 1 }),
    selectRunIds(context.read, toRunFilter(filter), 1),
  ]);
  const shown = runs.slice(0, pageSize);
  return {
    ...{ filter, matched, runs: shown },
    now: context.now(),
    jobs: context.pipeline.orchestrator.jobs.map(({ id, title }) => ({ id, title })),
    states: runStates,
    triggers: runTriggers,
    older: runs.length > pageSize ? (shown.at(-1)?.id ?? null) : null,
    isFirstPage: before === null,
    problem: null,
    done: tellChanged(c.req.query("done")),
  };
}

import { type Context, Hono } from "hono";
import { isIsoDate } from "../../jobs/market/calendar.ts";
import { isActive, type JobDefinition, runStates, runTriggers } from "../../jobs/orchestrator/types.ts";
import { Grid, type GridView, gridPage } from "../../views/pipeline/grid.tsx";
import type { GridFilterView } from "../../views/pipeline/grid-filter.tsx";
import type { GridJob } from "../../views/pipeline/grid-types.ts";
import type { AppContext } from "../context.ts";
import { wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { readGrid } from "./grid-read.ts";

const limits = [50, 100, 365, 2500] as const;

/** Of the request's query; what is not one of the choices does not filter. */
function readFilter(c: Context, jobs: readonly JobDefinition[]): GridFilterView {
  const chosen = (name: string, known: readonly string[]) => known.find((word) => word === c.req.query(name)) ?? "";
  const filter = {
    job: chosen(
      "job",
      jobs.map(({ id }) => id),
    ),
    state: chosen("state", runStates),
    trigger: chosen("trigger", runTriggers),
    from: c.req.query("from") ?? "",
    to: c.req.query("to") ?? "",
  };
  return {
    ...filter,
    limit: limits.find((limit) => String(limit) === c.req.query("limit")) ?? limits[0],
    jobs: jobs.map(({ id, title }) => ({ id, title })),
    states: runStates,
    triggers: runTriggers,
    limits,
    isFiltered: Object.entries(filter).some(([name, value]) => name !== "job" && value !== ""),
  };
}

/** Why the dates cannot be taken; null where they can. */
function dateProblem({ from, to }: GridFilterView): string | null {
  const wrong = [from, to].find((date) => date !== "" && !isIsoDate(date));
  if (wrong !== undefined) return `"${wrong.slice(0, 40)}" is not a date; write it as 2025-01-02.`;
  return from !== "" && to !== "" && from > to ? "The first session is after the last." : null;
}

function urlOf(filter: GridFilterView, limit: number): string {
  const { job, state, trigger, from, to } = filter;
  const set = Object.entries({ job, state, trigger, from, to }).filter(([, value]) => value !== "");
  const query = new URLSearchParams([...set, ...(limit === limits[0] ? [] : [["limit", String(limit)]])]);
  return query.size > 0 ? `/grid?${query}` : "/grid";
}

/** Thousands of cells a second time would cost more than they tell; idle grids only wait for the next run. */
function refreshSeconds(jobs: GridJob[]): number {
  const runs = jobs.flatMap((job) => job.runs);
  const isIdle = !runs.some(({ state }) => isActive(state));
  return (runs.length > 1200 ? 15 : runs.length > 300 ? 5 : 2) * (isIdle ? 5 : 1);
}

/** Read once a second for all who look at the same runs: open grids ask for themselves, and thousands of runs are a tenth of a second's work. */
function readView(context: AppContext, c: Context): Promise<GridView> {
  const filter = readFilter(c, context.pipeline.orchestrator.jobs);
  return context.snapshots.of(`grid ${urlOf(filter, filter.limit)}`, () => readFiltered(context, filter));
}

async function readFiltered(context: AppContext, filter: GridFilterView): Promise<GridView> {
  const declared = context.pipeline.orchestrator.jobs;
  const problem = dateProblem(filter);
  const { limit } = filter;
  const wanted = {
    state: filter.state || null,
    trigger: filter.trigger || null,
    from: (problem === null && filter.from) || null,
    to: (problem === null && filter.to) || null,
    limit,
  };
  const jobs = await Promise.all(
    declared.filter(({ id }) => filter.job === "" || filter.job === id).map((job) => readGrid(context, job, wanted)),
  );
  const more = limits.find((next) => next > limit);
  return {
    jobs,
    filter,
    problem,
    refreshSeconds: refreshSeconds(jobs),
    url: urlOf(filter, limit),
    moreUrl: more !== undefined && jobs.some(({ runs }) => runs.length === limit) ? urlOf(filter, more) : null,
  };
}

async function show(context: AppContext, c: Context): Promise<Response> {
  if (wantsFragment(c, "grid")) return c.html(<Grid view={await readView(context, c)} />);
  const [shell, view] = await Promise.all([readShell(context, c), readView(context, c)]);
  return c.html(gridPage({ shell, view }));
}

/** `/grid`: runs by tasks of every job, as its query filters them. */
export function createGridRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/grid", (c) => show(context, c));
  return routes;
}

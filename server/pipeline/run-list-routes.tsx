import { type Context, Hono } from "hono";
import { selectRunsOf } from "../../db/queries/pipeline/read-runs.ts";
import { mostRunsAtOnce, RequestError, runChanges } from "../../jobs/orchestrator/types.ts";
import { runChangePage } from "../../views/pipeline/run-change.tsx";
import { queryOf, runListPage } from "../../views/pipeline/run-list.tsx";
import type { AppContext } from "../context.ts";
import { actorOf, fieldOf, statusOf } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { readMatchingIds, readRunFilter, readRunList } from "./run-list-read.ts";

type Form = Record<string, unknown>;

const toChange = (form: Form) => runChanges.find((change) => change === fieldOf(form, "change"));

/** The runs whose boxes are checked. */
const chosenIn = (form: Form): number[] =>
  [form.run ?? []]
    .flat()
    .filter((value): value is string => typeof value === "string" && /^[1-9]\d{0,14}$/.test(value))
    .map(Number);

async function show(context: AppContext, c: Context, problem: string | null = null): Promise<Response> {
  const [shell, list] = await Promise.all([readShell(context, c, "/runs"), readRunList(context, c)]);
  return c.html(runListPage({ shell, list: { ...list, problem } }), problem === null ? 200 : 422);
}

/** Shows what a change would do to the chosen runs, each tried and taken back. */
async function preview(context: AppContext, c: Context): Promise<Response> {
  const form = await c.req.parseBody({ all: true });
  const change = toChange(form);
  const filter = readRunFilter(context, (name) => fieldOf(form, name));
  const isAll = fieldOf(form, "scope") === "all";
  const { ids, matched } = isAll ? await readMatchingIds(context, filter) : { ids: chosenIn(form), matched: null };
  if (!change || ids.length === 0)
    return await show(context, c, "Choose the runs first, then what is to be done to them.");
  return await showChange(context, c, { change, ids, filter, matched, reason: "", problem: null });
}

type Wanted = {
  change: (typeof runChanges)[number];
  ids: number[];
  filter: ReturnType<typeof readRunFilter>;
  /** How many match in all, where all of them are meant. */
  matched: number | null;
  reason: string;
  problem: string | null;
};

async function showChange(context: AppContext, c: Context, wanted: Wanted, status: 200 | 409 | 422 = 200) {
  const { change, ids } = wanted;
  const tried = { change, runIds: ids.slice(0, mostRunsAtOnce), reason: "A preview.", dryRun: true };
  const { changed, refused } = await context.pipeline.orchestrator.changeRuns(tried, actorOf(c));
  const [shell, runs] = await Promise.all([
    readShell(context, c, "/runs"),
    selectRunsOf(context.read, [...changed, ...refused.map(({ runId }) => runId)]),
  ]);
  const view = { ...wanted, now: context.now(), changed, refused, runs };
  return c.html(runChangePage({ shell, view }), status);
}

async function carryOut(context: AppContext, c: Context): Promise<Response> {
  const form = await c.req.parseBody({ all: true });
  const change = toChange(form);
  const filter = readRunFilter(context, (name) => fieldOf(form, name));
  const ids = chosenIn(form);
  const reason = fieldOf(form, "reason");
  if (!change || ids.length === 0) throw new RequestError("invalid", "No run was named.");
  try {
    const { changed, refused } = await context.pipeline.orchestrator.changeRuns(
      { change, runIds: ids, reason },
      actorOf(c),
    );
    const told = new URLSearchParams([...queryOf(filter), ["done", `${change}.${changed.length}.${refused.length}`]]);
    return c.redirect(`/runs?${told}`, 303);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const wanted = { change, ids, filter, matched: null, reason, problem: error.message };
    return await showChange(context, c, wanted, statusOf(error));
  }
}

/** `/runs`: runs of all jobs, as the query filters them, and what can be done to many of them at once. */
export function createRunListRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/runs", (c) => show(context, c));
  routes.post("/runs/preview", (c) => preview(context, c));
  routes.post("/runs/changes", (c) => carryOut(context, c));
  return routes;
}

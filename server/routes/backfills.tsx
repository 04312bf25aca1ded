import { type Context, Hono } from "hono";
import { selectBackfills } from "../../db/queries/dashboard/backfills.ts";
import { selectCoverage } from "../../db/queries/dashboard/coverage.ts";
import { selectJobStandings } from "../../db/queries/dashboard/jobs.ts";
import { selectRuns } from "../../db/queries/dashboard/runs.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type BackfillDetail, BackfillLive, backfillPage } from "../../views/backfill.tsx";
import type { AppContext } from "../context.ts";
import { daysBetween, lastSettledSession } from "./days.ts";
import { actorOf, idOf, numberIn, wantsFragment } from "./request.ts";
import { readShell } from "./shell.ts";

const pageSize = 50;
/** Values of a plan that the page tells in other ways, or that are too long to tell. */
const untold = new Set(["dates", "skipped", "sessions", "alternative"]);

const planValues = (plan: unknown): [string, unknown][] =>
  typeof plan === "object" && plan !== null
    ? Object.entries(plan).filter(([key, value]) => !untold.has(key) && (typeof value !== "object" || value === null))
    : [];

/** Everything that a backfill's page shows. */
async function readBackfill(context: AppContext, id: number, before: number | null): Promise<BackfillDetail> {
  const { read } = context;
  const [row] = await selectBackfills(read, { jobId: null, id }, 1);
  if (!row) throw new RequestError("not_found", `There is no backfill ${id}.`);
  const [coverage, runs, standings] = await Promise.all([
    selectCoverage(read, { ...jobIds, ingest: row.jobId }, row.from, row.to),
    selectRuns(read, { jobId: null, backfillId: id, state: null, before }, pageSize + 1),
    selectJobStandings(read, [row.jobId]),
  ]);
  const rows = coverage.filter((partition) => partition.backfillId === id);
  const known = { rows, wanted: new Set<string>(), lastSettled: lastSettledSession(context.now()) };
  const shown = runs.slice(0, pageSize);
  const job = context.pipeline.orchestrator.jobs.find((candidate) => candidate.id === row.jobId);
  const isActive = row.state === "running" || row.state === "queued";
  return {
    now: context.now(),
    id,
    jobId: row.jobId,
    jobTitle: job?.title ?? row.jobId,
    state: row.state,
    from: row.from,
    to: row.to,
    reprocess: row.reprocess,
    createdAt: row.createdAt,
    finishedAt: row.finishedAt,
    counts: row,
    plan: planValues(row.plan),
    days: rows.length > 0 ? daysBetween(row.from, row.to, known) : [],
    runs: shown,
    older: runs.length > pageSize ? (shown.at(-1)?.id ?? null) : null,
    isFirstPage: before === null,
    isActive,
    isPaused: standings[0]?.paused ?? false,
    url: `/backfills/${id}${before === null ? "" : `?before=${before}`}`,
  };
}

async function show(context: AppContext, c: Context): Promise<Response> {
  const backfill = await readBackfill(context, idOf(c, "backfill"), numberIn(c, "before"));
  if (wantsFragment(c, "backfill-live")) return c.html(<BackfillLive backfill={backfill} />);
  return c.html(backfillPage({ shell: await readShell(context, c.req.path), backfill }));
}

async function cancel(context: AppContext, c: Context): Promise<Response> {
  const id = idOf(c, "backfill");
  await context.pipeline.orchestrator.cancelBackfill(id, actorOf(c));
  return c.redirect(`/backfills/${id}`, 303);
}

/** `/backfills/:id`: one backfill, and its cancellation. */
export function createBackfillRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/backfills/:id", (c) => show(context, c));
  routes.post("/backfills/:id/cancel", (c) => cancel(context, c));
  return routes;
}

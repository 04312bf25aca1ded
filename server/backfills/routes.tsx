import { type Context, Hono } from "hono";
import { type BackfillRow, selectBackfills } from "../../db/queries/backfills/read-backfills.ts";
import { selectActionsOfBackfill } from "../../db/queries/operations/read-actions.ts";
import { selectRuns } from "../../db/queries/pipeline/read-runs.ts";
import { findJob, getJob } from "../../jobs/orchestrator/declared.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import {
  type BackfillDetail,
  BackfillLive,
  BackfillMap,
  type BackfillRunList,
  BackfillRuns,
  backfillPage,
} from "../../views/backfills/backfill.tsx";
import type { BackfillBeside } from "../../views/backfills/backfill-beside.tsx";
import { BackfillFormView } from "../../views/backfills/backfill-form.tsx";
import {
  type BackfillList,
  BackfillListView,
  backfillFilters,
  backfillsPage,
  newBackfillPage,
} from "../../views/backfills/backfills.tsx";
import type { AppContext } from "../context.ts";
import { actorOf, fieldErrors, fieldOf, idOf, numberIn, statusOf, wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { freshBackfill, groupReasons, groupSkipped, tryBackfill } from "./attempt.ts";
import { concurrencyRefusal, readConcurrency, readOrder } from "./form.ts";
import { findBackfill, readProgress, readSessions } from "./read.ts";

const listedAtOnce = 20;
const runsAtOnce = 50;

async function showList(context: AppContext, c: Context): Promise<Response> {
  const state = backfillFilters.find((known) => known === c.req.query("state")) ?? null;
  const before = numberIn(c, "before");
  const filter = {
    before,
    state: state === "paused" ? null : state,
    paused: state === "paused" ? true : state === "running" ? false : null,
  };
  const rows = await selectBackfills(context.read, filter, listedAtOnce + 1);
  const shown = rows.slice(0, listedAtOnce);
  const query = [state && `state=${state}`, before !== null && `before=${before}`].filter(Boolean).join("&");
  const backfills: BackfillList = {
    now: context.now(),
    backfills: shown,
    state,
    older: rows.length > listedAtOnce ? (shown.at(-1)?.id ?? null) : null,
    isFirstPage: before === null,
    isActive: shown.some((row) => row.isActive),
    url: `/backfills${query && `?${query}`}`,
  };
  if (wantsFragment(c, "backfill-list")) return c.html(<BackfillListView list={backfills} />);
  return c.html(backfillsPage({ shell: await readShell(context, c), list: backfills }));
}

/** The job whose runs are by session. */
const ingestJob = (context: AppContext) => getJob(context.pipeline.orchestrator.jobs, jobIds.ingest);

const newPath = "/backfills/new";

async function showNew(context: AppContext, c: Context): Promise<Response> {
  const form = freshBackfill(context, ingestJob(context), newPath, c.req.query());
  return c.html(newBackfillPage({ shell: await readShell(context, c, newPath), form }));
}

async function create(context: AppContext, c: Context): Promise<Response> {
  const sent = { action: newPath, body: await c.req.parseBody(), by: actorOf(c) };
  const answer = await tryBackfill(context, ingestJob(context), sent);
  const isFragment = wantsFragment(c, "backfill");
  if ("id" in answer) {
    const page = `/backfills/${answer.id}`;
    if (!isFragment) return c.redirect(page, 303);
    c.header("HX-Redirect", page);
    return c.body(null, 204);
  }
  if (isFragment) return c.html(<BackfillFormView form={answer.form} />, answer.status);
  return c.html(newBackfillPage({ shell: await readShell(context, c, newPath), form: answer.form }), answer.status);
}

async function readDetail(context: AppContext, row: BackfillRow): Promise<BackfillDetail> {
  const job = findJob(context.pipeline.orchestrator.jobs, row.jobId);
  return {
    ...row,
    now: context.now(),
    jobTitle: job?.title ?? row.jobId,
    counts: row,
    progress: await readProgress(context, row),
    isJobPaused: row.jobPaused,
  };
}

async function readRuns(context: AppContext, row: BackfillRow, before: number | null): Promise<BackfillRunList> {
  const runs = await selectRuns(context.read, { backfillId: row.id }, { before, limit: runsAtOnce + 1 });
  const shown = runs.slice(0, runsAtOnce);
  return {
    id: row.id,
    now: context.now(),
    isActive: row.isActive,
    runs: shown,
    older: runs.length > runsAtOnce ? (shown.at(-1)?.id ?? null) : null,
    isFirstPage: before === null,
    url: `/backfills/${row.id}${before === null ? "" : `?before=${before}`}`,
  };
}

type Typed = BackfillBeside["settings"];

async function renderPage(context: AppContext, c: Context, row: BackfillRow, typed?: Typed) {
  const [shell, backfill, { plan, sessions }, list, actions] = await Promise.all([
    readShell(context, c, `/backfills/${row.id}`),
    readDetail(context, row),
    readSessions(context, row.id),
    readRuns(context, row, numberIn(c, "before")),
    selectActionsOfBackfill(context.read, row.id),
  ]);
  const job = findJob(context.pipeline.orchestrator.jobs, row.jobId);
  const settings = typed ?? { concurrency: row.concurrency?.toString() ?? "", order: row.order, errors: {} };
  const beside: BackfillBeside = {
    plan,
    reasons: groupReasons(plan.reasons),
    skipped: groupSkipped(plan.skipped),
    maxActiveRuns: job?.maxActiveRuns ?? 1,
    settings,
    actions,
  };
  const part = { id: row.id, isActive: row.isActive, sessions };
  return backfillPage({ shell, backfill, part, list, beside });
}

async function show(context: AppContext, c: Context): Promise<Response> {
  const row = await findBackfill(context, idOf(c, "backfill"));
  if (wantsFragment(c, "backfill-live")) {
    // The page around it has a form for what is no more under way.
    if (!row.isActive) c.header("HX-Refresh", "true");
    return c.html(<BackfillLive backfill={await readDetail(context, row)} />);
  }
  if (wantsFragment(c, "backfill-map")) {
    const { sessions } = await readSessions(context, row.id);
    return c.html(<BackfillMap part={{ id: row.id, isActive: row.isActive, sessions }} />);
  }
  if (wantsFragment(c, "backfill-runs")) {
    return c.html(<BackfillRuns list={await readRuns(context, row, numberIn(c, "before"))} />);
  }
  return c.html(await renderPage(context, c, row));
}

async function change(context: AppContext, c: Context): Promise<Response> {
  const id = idOf(c, "backfill");
  const row = await findBackfill(context, id);
  const form = await c.req.parseBody();
  const [concurrencyText, orderText] = [fieldOf(form, "concurrency"), fieldOf(form, "order")];
  const job = findJob(context.pipeline.orchestrator.jobs, row.jobId);
  const most = job?.maxActiveRuns ?? 1;
  const concurrency = readConcurrency(concurrencyText, most);
  const order = readOrder(orderText);
  const refuse = async (errors: Record<string, string>, status: 409 | 422) => {
    const typed = { concurrency: concurrencyText, order: orderText, errors };
    return c.html(await renderPage(context, c, row, typed), status);
  };
  if (concurrency === undefined) return refuse({ concurrency: concurrencyRefusal(most) }, 422);
  if (order === undefined) return refuse({ order: "Choose oldest or newest." }, 422);
  try {
    await context.pipeline.orchestrator.updateBackfill(id, { concurrency, order }, actorOf(c));
    return c.redirect(`/backfills/${id}`, 303);
  } catch (error) {
    return refuse(fieldErrors(error, ["concurrency", "order"]), statusOf(error));
  }
}

/** What a button asks for, and back to the page. */
async function act(c: Context, deed: (id: number) => Promise<unknown>): Promise<Response> {
  const id = idOf(c, "backfill");
  await deed(id);
  return c.redirect(`/backfills/${id}`, 303);
}

/** `/backfills`: all of them, a new one, one with its sessions, and what can be done to it. */
export function createBackfillRoutes(context: AppContext): Hono {
  const { orchestrator } = context.pipeline;
  const routes = new Hono();
  routes.get("/backfills", (c) => showList(context, c));
  routes.get(newPath, (c) => showNew(context, c));
  routes.post(newPath, (c) => create(context, c));
  routes.get("/backfills/:id", (c) => show(context, c));
  routes.post("/backfills/:id/settings", (c) => change(context, c));
  routes.post("/backfills/:id/pause", (c) =>
    act(c, (id) => orchestrator.updateBackfill(id, { paused: true }, actorOf(c))),
  );
  routes.post("/backfills/:id/resume", (c) =>
    act(c, (id) => orchestrator.updateBackfill(id, { paused: false }, actorOf(c))),
  );
  routes.post("/backfills/:id/retry", (c) => act(c, (id) => orchestrator.retryBackfill(id, actorOf(c))));
  routes.post("/backfills/:id/cancel", (c) => act(c, (id) => orchestrator.cancelBackfill(id, actorOf(c))));
  return routes;
}

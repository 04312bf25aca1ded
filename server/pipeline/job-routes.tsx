import { type Context, Hono } from "hono";
import { getJob } from "../../jobs/orchestrator/declared.ts";
import { runStates } from "../../jobs/orchestrator/types.ts";
import { BackfillFormView } from "../../views/backfills/backfill-form.tsx";
import { jobPage } from "../../views/pipeline/job.tsx";
import { JobRuns } from "../../views/pipeline/job-runs.tsx";
import { tryBackfill } from "../backfills/attempt.ts";
import type { AppContext } from "../context.ts";
import { actorOf, fieldErrors, fieldOf, numberIn, statusOf, wantsFragment } from "../http/request.ts";
import { type ListQuery, readJobPage, readRunList } from "./job-page.ts";

const firstPage: ListQuery = { state: null, before: null };

async function show(context: AppContext, c: Context): Promise<Response> {
  const job = getJob(context.pipeline.orchestrator.jobs, c.req.param("id"));
  const state = runStates.find((known) => known === c.req.query("state")) ?? null;
  const query = { state, before: numberIn(c, "before") };
  if (wantsFragment(c, "job-runs")) {
    const list = await readRunList(context, job.id, query);
    return c.html(<JobRuns job={job} list={list} now={context.now()} />);
  }
  return c.html(jobPage(await readJobPage(context, c, job, query)));
}

async function createRun(context: AppContext, c: Context): Promise<Response> {
  const job = getJob(context.pipeline.orchestrator.jobs, c.req.param("id"));
  const form = await c.req.parseBody();
  const session = fieldOf(form, "session");
  const refuse = async (errors: Record<string, string>, status: 409 | 422) =>
    c.html(jobPage(await readJobPage(context, c, job, firstPage, { run: { session, errors } })), status);
  if (job.schedule && session === "") return refuse({ session: "Choose a session, such as 2025-01-02." }, 422);
  try {
    const options = {
      ...(session && { session }),
      ...(fieldOf(form, "fullRefresh") === "yes" && { fullRefresh: true }),
    };
    const id = await context.pipeline.createRun(job.id, options, actorOf(c));
    return c.redirect(`/runs/${id}`, 303);
  } catch (error) {
    return refuse(fieldErrors(error, ["session"]), statusOf(error));
  }
}

async function createBackfill(context: AppContext, c: Context): Promise<Response> {
  const job = getJob(context.pipeline.orchestrator.jobs, c.req.param("id"));
  const sent = {
    action: `/jobs/${encodeURIComponent(job.id)}/backfills`,
    body: await c.req.parseBody(),
    by: actorOf(c),
  };
  const answer = await tryBackfill(context, job, sent);
  const isFragment = wantsFragment(c, "backfill");
  if ("id" in answer) {
    const page = `/backfills/${answer.id}`;
    if (!isFragment) return c.redirect(page, 303);
    c.header("HX-Redirect", page);
    return c.body(null, 204);
  }
  if (isFragment) return c.html(<BackfillFormView form={answer.form} />, answer.status);
  return c.html(jobPage(await readJobPage(context, c, job, firstPage, { backfill: answer.form })), answer.status);
}

async function setPaused(context: AppContext, c: Context, paused: boolean): Promise<Response> {
  const job = getJob(context.pipeline.orchestrator.jobs, c.req.param("id"));
  await context.pipeline.orchestrator.setPaused(job.id, paused, actorOf(c));
  return c.redirect(`/jobs/${encodeURIComponent(job.id)}`, 303);
}

/** `/jobs/:id` and what its forms post. */
export function createJobRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/jobs/:id", (c) => show(context, c));
  routes.post("/jobs/:id/runs", (c) => createRun(context, c));
  routes.post("/jobs/:id/backfills", (c) => createBackfill(context, c));
  routes.post("/jobs/:id/pause", (c) => setPaused(context, c, true));
  routes.post("/jobs/:id/resume", (c) => setPaused(context, c, false));
  return routes;
}

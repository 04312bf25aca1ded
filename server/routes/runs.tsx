import { type Context, Hono } from "hono";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { RunLive, runPage } from "../../views/run.tsx";
import type { AppContext } from "../context.ts";
import { actorOf, idOf, numberIn, statusOf, wantsFragment } from "./request.ts";
import { type RunQuery, readRunPage } from "./run-page.ts";
import { readShell } from "./shell.ts";

const wholeRun: RunQuery = { step: null, batches: null, rejects: null };

async function show(context: AppContext, c: Context): Promise<Response> {
  const query = { step: numberIn(c, "step"), batches: numberIn(c, "batches"), rejects: numberIn(c, "rejects") };
  const run = await readRunPage(context, idOf(c, "run"), query, null);
  if (wantsFragment(c, "run")) return c.html(<RunLive run={run} />);
  return c.html(runPage({ shell: await readShell(context, c.req.path), run }));
}

/** Does something to a run and shows it; where that cannot be done, the run's page says why. */
async function act(context: AppContext, c: Context, action: (id: number) => Promise<void>): Promise<Response> {
  const id = idOf(c, "run");
  try {
    await action(id);
    return c.redirect(`/runs/${id}`, 303);
  } catch (error) {
    if (!(error instanceof RequestError) || error.code === "not_found") throw error;
    const run = await readRunPage(context, id, wholeRun, error.message);
    return c.html(runPage({ shell: await readShell(context, c.req.path), run }), statusOf(error));
  }
}

/** `/runs/:id`: one run, its retry and its cancellation. */
export function createRunRoutes(context: AppContext): Hono {
  const { orchestrator } = context.pipeline;
  const routes = new Hono();
  routes.get("/runs/:id", (c) => show(context, c));
  routes.post("/runs/:id/retry", (c) => act(context, c, (id) => orchestrator.retryRun(id, actorOf(c))));
  routes.post("/runs/:id/cancel", (c) => act(context, c, (id) => orchestrator.cancelRun(id, actorOf(c))));
  return routes;
}

import { type Context, Hono } from "hono";
import {
  type ActionFilter,
  selectActions,
  selectActionThings,
  selectActors,
} from "../../db/queries/operations/read-actions.ts";
import { type ActivityView, activityPage } from "../../views/operations/activity.tsx";
import type { AppContext } from "../context.ts";
import { dropCookie } from "../http/auth.ts";
import { tokenOf } from "../http/guard.ts";
import { actorOf, numberIn } from "../http/request.ts";
import { readShell } from "../http/shell.ts";

const pageSize = 50;
const peopleListed = 200;
/** Longer than any kind, name or job: what is longer finds nothing, and need not be repeated on the page. */
const longestValue = 200;

const textIn = (c: Context, name: string): string | null => c.req.query(name)?.slice(0, longestValue) || null;

/** The list's address with `filter` and, for a later page, where it begins. */
function urlOf({ kind, actor, jobId, runId, backfillId }: ActionFilter, before: number | null): string {
  const values = { kind, person: actor, job: jobId, run: runId, backfill: backfillId, before };
  const query = new URLSearchParams(
    Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]])),
  ).toString();
  return query === "" ? "/activity" : `/activity?${query}`;
}

async function readActivity(context: AppContext, c: Context): Promise<ActivityView> {
  const { read, guard } = context;
  const filter: ActionFilter = {
    kind: textIn(c, "kind"),
    actor: textIn(c, "person"),
    jobId: textIn(c, "job"),
    runId: numberIn(c, "run"),
    backfillId: numberIn(c, "backfill"),
    before: numberIn(c, "before"),
  };
  const [actions, things, people, signedIn] = await Promise.all([
    selectActions(read, filter, pageSize + 1),
    selectActionThings(read),
    selectActors(read, peopleListed),
    guard ? guard.sessions.list(tokenOf(c, guard)) : null,
  ]);
  const shown = actions.slice(0, pageSize);
  const last = shown.at(-1);
  return {
    now: context.now(),
    actions: shown,
    filter,
    isFiltered: Object.entries(filter).some(([name, value]) => name !== "before" && value !== null),
    things,
    people,
    jobs: context.pipeline.orchestrator.jobs.map(({ id, title }) => ({ id, title })),
    newest: filter.before === null ? null : urlOf(filter, null),
    older: actions.length > pageSize && last ? urlOf(filter, last.id) : null,
    signedIn,
  };
}

async function show(context: AppContext, c: Context): Promise<Response> {
  const [shell, activity] = await Promise.all([readShell(context, c), readActivity(context, c)]);
  return c.html(activityPage({ shell, activity }));
}

/** Ends every session, this one too; without a password there is none. */
async function signOutEverywhere({ guard }: AppContext, c: Context): Promise<Response> {
  if (guard === null) return c.redirect("/activity", 303);
  await guard.sessions.endAll(actorOf(c));
  dropCookie(c, guard);
  return c.redirect("/sign-in", 303);
}

/** `/activity`: who did what and when, and who is signed in. */
export function createActivityRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/activity", (c) => show(context, c));
  routes.post("/activity/sign-out-everywhere", (c) => signOutEverywhere(context, c));
  return routes;
}

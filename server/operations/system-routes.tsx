import { hostname } from "node:os";
import { type Context, Hono } from "hono";
import type { RetentionDays, RetentionRow } from "../../db/queries/operations/housekeeping.ts";
import type { CleanUpForm } from "../../views/operations/cleanup-form.tsx";
import { type RetentionForm, RetentionFormView, retentionFields } from "../../views/operations/retention-form.tsx";
import { SystemLive, type SystemView, systemPage } from "../../views/operations/system.tsx";
import type { TokensView } from "../../views/operations/tokens.tsx";
import type { AppContext } from "../context.ts";
import { readMissingRoles } from "../http/missing-roles.ts";
import { actorOf, fieldErrors, fieldOf, statusOf, wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { readHousekeepingRuns, readProcesses, readSizes, recordOf } from "./system-read.ts";
import { createTokenRoutes, readTokens } from "./token-routes.tsx";

const runsShown = 10;
const fieldNames = retentionFields.map(({ name }) => name as keyof RetentionDays);

async function readSystem(context: AppContext): Promise<SystemView> {
  const runs = await readHousekeepingRuns(context, runsShown);
  const [processes, missingRoles, sizes] = await Promise.all([
    readProcesses(context),
    readMissingRoles(context),
    readSizes(context, runs),
  ]);
  const here = hostname();
  return {
    now: context.now(),
    processes: processes.map((row) => ({
      ...row,
      isThis: row.state === "alive" && row.host === here && row.pid === process.pid,
    })),
    missingRoles,
    sizes,
    shards: context.distribution?.shards ?? null,
    cleanings: runs.map((row) => ({ ...row, counts: recordOf(row).counts })),
  };
}

/** Read once a second for all who look: sizes and memory are asked of the whole database. */
const readSystemOnce = (context: AppContext): Promise<SystemView> =>
  context.snapshots.of("system", () => readSystem(context));

type Shown = { retention?: Partial<RetentionForm>; cleanUp?: Partial<CleanUpForm>; tokens?: TokensView | null };

/** The whole page, with what a form has to say where one was posted. */
async function page(context: AppContext, c: Context, shown: Shown = {}) {
  const [shell, system, kept, tokens] = await Promise.all([
    readShell(context, c, "/system"),
    readSystemOnce(context),
    context.housekeeping.readRetention(),
    shown.tokens ?? readTokens(context, c),
  ]);
  const retention = { draft: draftOf(kept), errors: {}, preview: null, asksAboutLake: false, ...shown.retention };
  const cleanUp = { problem: null, preview: null, withNewest: false, ...shown.cleanUp };
  return systemPage({
    shell,
    system,
    retention: { isSaved: c.req.query("saved") !== undefined, ...retention },
    cleanUp: { lakeDays: kept.lakeDays, ...cleanUp },
    tokens,
  });
}

const draftOf = (kept: RetentionRow): Record<string, string> =>
  Object.fromEntries(fieldNames.map((name) => [name, kept[name] === null ? "" : String(kept[name])]));

async function show(context: AppContext, c: Context): Promise<Response> {
  if (wantsFragment(c, "system-live")) return c.html(<SystemLive system={await readSystemOnce(context)} />);
  return c.html(await page(context, c));
}

/** What was typed as days: empty is for ever; what is no number is left for the rules to refuse. */
function daysOf(draft: Record<string, string>): RetentionDays {
  const days = fieldNames.map((name) => {
    const typed = draft[name] ?? "";
    return [name, typed === "" ? null : /^\d{1,6}$/.test(typed) ? Number(typed) : Number.NaN];
  });
  return Object.fromEntries(days) as RetentionDays;
}

type Outcome = { form: Partial<RetentionForm>; status: 200 | 409 | 422; isSaved: boolean };

async function tryRetention(context: AppContext, c: Context): Promise<Outcome> {
  const body = await c.req.parseBody();
  const draft = Object.fromEntries(fieldNames.map((name) => [name, fieldOf(body, name)]));
  const intent = fieldOf(body, "intent");
  const days = daysOf(draft);
  try {
    context.housekeeping.checkRetention(days);
    const kept = await context.housekeeping.readRetention();
    const shrinksLake = days.lakeDays !== null && (kept.lakeDays === null || days.lakeDays < kept.lakeDays);
    if (intent === "preview" || (shrinksLake && intent !== "confirm")) {
      const preview = await context.housekeeping.preview({ days });
      return {
        form: { draft, preview, asksAboutLake: shrinksLake && intent !== "preview" },
        status: 200,
        isSaved: false,
      };
    }
    await context.housekeeping.changeRetention(days, actorOf(c));
    return { form: { draft, isSaved: true }, status: 200, isSaved: true };
  } catch (error) {
    return { form: { draft, errors: fieldErrors(error, fieldNames) }, status: statusOf(error), isSaved: false };
  }
}

async function saveRetention(context: AppContext, c: Context): Promise<Response> {
  const { form, status, isSaved } = await tryRetention(context, c);
  if (wantsFragment(c, "retention")) {
    const whole = { draft: {}, errors: {}, preview: null, asksAboutLake: false, isSaved: false, ...form };
    return c.html(<RetentionFormView form={whole} />, status);
  }
  if (isSaved) return c.redirect("/system?saved", 303);
  return c.html(await page(context, c, { retention: form }), status);
}

async function cleanUp(context: AppContext, c: Context): Promise<Response> {
  const body = await c.req.parseBody();
  const withNewest = fieldOf(body, "withNewest") === "yes";
  const intent = fieldOf(body, "intent");
  // What cannot be made again is counted, and asked about, before it goes.
  if (intent === "preview" || (withNewest && intent !== "confirm")) {
    const preview = await context.housekeeping.preview({ withNewest });
    const isAsked = intent === "preview" || preview.counts.lakeObjects > 0;
    if (isAsked) return c.html(await page(context, c, { cleanUp: { preview, withNewest } }));
  }
  try {
    await context.housekeeping.begin({ withNewest }, actorOf(c));
  } catch (error) {
    const { form: problem = "" } = fieldErrors(error, []);
    return c.html(await page(context, c, { cleanUp: { problem } }), statusOf(error));
  }
  return c.redirect("/system#cleanings", 303);
}

/** `/system`: processes, sizes, retention and housekeeping. */
export function createSystemRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/system", (c) => show(context, c));
  routes.post("/system/retention", (c) => saveRetention(context, c));
  routes.post("/system/housekeeping", (c) => cleanUp(context, c));
  routes.route(
    "/",
    createTokenRoutes(context, (c, tokens) => page(context, c, { tokens })),
  );
  return routes;
}

import { type Context, Hono } from "hono";
import { RequestError } from "../../../jobs/orchestrator/types.ts";
import { Trades } from "../../../views/research/backtest-trades.tsx";
import { type SaveForm, saveScenarioPage, scenarioPage } from "../../../views/research/scenario.tsx";
import { comparisonPage, noComparisonPage } from "../../../views/research/scenario-compare.tsx";
import { ScenarioStar } from "../../../views/research/scenario-star.tsx";
import { ScenarioList, scenariosPage } from "../../../views/research/scenarios.tsx";
import type { AppContext } from "../../context.ts";
import { HttpError, toHttpError } from "../../http/errors.ts";
import { safeNextPath } from "../../http/next-path.ts";
import { actorOf, fieldOf, idOf, isLogIn, numberIn, statusOf, wantsFragment } from "../../http/request.ts";
import { readShell } from "../../http/shell.ts";
import { addTableRoutes } from "../../http/tables/routes.ts";
import { requestFromQuery } from "../backtests/url.ts";
import { idsOf, readScenario } from "./read.ts";
import {
  readComparisonChart,
  readComparisonView,
  readScenarioChart,
  readScenarioEquity,
  readScenarioList,
  readScenarioTrades,
  readScenarioView,
} from "./view.ts";

const shellOf = (context: AppContext, c: Context) => readShell(context, c);

/** The list: whole, or the part that a form of it exchanges. */
async function list(
  context: AppContext,
  c: Context,
  said: { undo?: number | null; problem?: string } = {},
  status: 200 | 409 | 422 = 200,
): Promise<Response> {
  c.header("Cache-Control", "no-store");
  const { undo = numberIn(c, "deleted"), ...problem } = said;
  const view = await readScenarioList(context, {
    ...{ before: numberIn(c, "before"), starred: c.req.query("starred") === "true" },
    ...{ undo, ...problem },
  });
  if (wantsFragment(c, "scenario-list")) return c.html(<ScenarioList list={view} now={context.now()} />, status);
  return c.html(scenariosPage({ shell: await shellOf(context, c), list: view, now: context.now() }), status);
}

/** Does something to the list: an exchanged part shows it at once, and a page is asked for anew. */
async function change(
  context: AppContext,
  c: Context,
  deed: (id: number) => Promise<{ undo?: number; next: string }>,
): Promise<Response> {
  try {
    const { undo, next } = await deed(idOf(c, "scenario"));
    if (wantsFragment(c, "scenario-list")) return await list(context, c, { undo: undo ?? null });
    return c.redirect(next, 303);
  } catch (error) {
    if (!(error instanceof RequestError) || error.code === "not_found") throw error;
    return await list(context, c, { undo: null, problem: error.message }, statusOf(error));
  }
}

async function show(
  context: AppContext,
  c: Context,
  said: Parameters<typeof readScenarioView>[2] = {},
  status: 200 | 409 | 422 = 200,
): Promise<Response> {
  const asked = { tradesFrom: numberIn(c, "trades") ?? 0, isLog: isLogIn(c), ...said };
  const [view, shell] = await Promise.all([readScenarioView(context, idOf(c, "scenario"), asked), shellOf(context, c)]);
  c.header("Cache-Control", "no-store");
  if (wantsFragment(c, "trades") && view.trades) return c.html(<Trades view={view.trades} />);
  return c.html(scenarioPage({ shell, view }), status);
}

/** Keeps the run of a form's settings by the name beside them; what cannot be kept is asked for again as it was typed. */
async function save(context: AppContext, c: Context): Promise<Response> {
  const { name: _, ...settings } = await c.req.parseBody();
  const name = fieldOf({ name: _ }, "name");
  const query = new URLSearchParams(
    Object.entries(settings).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
  );
  const refuse = async (problem: string, field: SaveForm["field"], status: 404 | 409 | 422) => {
    const title = [query.get("strategy"), query.get("ticker")].filter(Boolean).join(", ") || null;
    const form = { name, problem, field, title, query: [...query], backtestUrl: `/backtest?${query}` };
    return c.html(saveScenarioPage({ shell: await shellOf(context, c), form }), status);
  };
  const { request, problems } = requestFromQuery(query);
  if (request === null) return await refuse(problems.map(({ message }) => message).join(" "), "form", 422);
  try {
    return c.redirect(`/scenarios/${await context.scenarios.save(request, name, actorOf(c))}`, 303);
  } catch (error) {
    const { status, message } = told(error);
    const isName = error instanceof RequestError && error.field === "name";
    return await refuse(message, isName ? "name" : "form", status);
  }
}

/** What a refusal means to the one who asked; everything else is thrown on. */
function told(error: unknown): { status: 404 | 409 | 422; message: string } {
  if (!(error instanceof RequestError) && !(error instanceof HttpError)) throw error;
  const { status, message } = toHttpError(error);
  if (status !== 404 && status !== 409 && status !== 422) throw error;
  return { status, message };
}

async function rename(context: AppContext, c: Context): Promise<Response> {
  const id = idOf(c, "scenario");
  const draft = fieldOf(await c.req.parseBody(), "name");
  try {
    await context.scenarios.rename(id, draft, actorOf(c));
    return c.redirect(`/scenarios/${id}`, 303);
  } catch (error) {
    if (!(error instanceof RequestError) || error.field !== "name") throw error;
    return await show(context, c, { draft, nameProblem: error.message }, statusOf(error));
  }
}

/** Makes it a favourite or none: the star alone where a script asks, else the page that it stands on. */
async function star(context: AppContext, c: Context): Promise<Response> {
  const id = idOf(c, "scenario");
  const form = await c.req.parseBody();
  const isStarred = fieldOf(form, "starred") === "true";
  await context.scenarios.star(id, isStarred, actorOf(c));
  if (!wantsFragment(c, `star-scenario-${id}`)) return c.redirect(safeNextPath(fieldOf(form, "next")), 303);
  const { name } = await readScenario(context, id);
  return c.html(<ScenarioStar scenario={{ id, name, isStarred }} next={fieldOf(form, "next")} />);
}

async function runAgain(context: AppContext, c: Context): Promise<Response> {
  const id = idOf(c, "scenario");
  try {
    await context.scenarios.runAgain(id, actorOf(c));
    return c.redirect(`/scenarios/${id}#figures`, 303);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return await show(context, c, { problem: told(error).message }, 422);
  }
}

/** Which scenarios an address compares, and whether over the range that they share. */
const comparedOf = (c: Context): [ids: number[], isCommon: boolean] => [
  idsOf((c.req.queries("ids") ?? []).join(",")),
  c.req.query("common") === "true",
];

async function compare(context: AppContext, c: Context): Promise<Response> {
  const shell = await shellOf(context, c);
  try {
    const view = await readComparisonView(context, ...comparedOf(c), isLogIn(c));
    return c.html(comparisonPage({ shell, view }));
  } catch (error) {
    const { status, message } = told(error);
    return c.html(noComparisonPage({ shell, problem: message.replaceAll("`", "") }), status);
  }
}

/** `/scenarios`: backtests that were saved by a name, one of them, and several beside each other. */
export function createScenarioRoutes(context: AppContext): Hono {
  const { scenarios } = context;
  const routes = new Hono();
  routes.get("/scenarios", (c) => list(context, c));
  routes.post("/scenarios", (c) => save(context, c));
  routes.get("/scenarios/compare", (c) => compare(context, c));
  routes.get("/scenarios/compare/chart.json", async (c) =>
    c.json(await readComparisonChart(context, ...comparedOf(c))),
  );
  routes.get("/scenarios/:id/chart.json", async (c) => c.json(await readScenarioChart(context, idOf(c, "scenario"))));
  addTableRoutes(routes, "/scenarios/:id/trades", (c) => readScenarioTrades(context, idOf(c, "scenario")));
  addTableRoutes(routes, "/scenarios/:id/equity", (c) => readScenarioEquity(context, idOf(c, "scenario")));
  routes.get("/scenarios/:id", (c) => show(context, c));
  routes.post("/scenarios/:id/name", (c) => rename(context, c));
  routes.post("/scenarios/:id/star", (c) => star(context, c));
  routes.post("/scenarios/:id/run", (c) => runAgain(context, c));
  routes.post("/scenarios/:id/duplicate", (c) =>
    change(context, c, async (id) => ({ next: `/scenarios/${await scenarios.duplicate(id, undefined, actorOf(c))}` })),
  );
  routes.post("/scenarios/:id/delete", (c) =>
    change(context, c, async (id) => {
      await scenarios.remove(id, actorOf(c));
      return { undo: id, next: `/scenarios?deleted=${id}` };
    }),
  );
  routes.post("/scenarios/:id/restore", (c) =>
    change(context, c, async (id) => {
      await scenarios.restore(id, actorOf(c));
      return { next: `/scenarios#scenario-${id}` };
    }),
  );
  return routes;
}

import { type Context, Hono } from "hono";
import { isUndefinedTable } from "../../../db/errors.ts";
import { selectBarDates } from "../../../db/queries/market/read-bars.ts";
import { selectSecurityId } from "../../../db/queries/market/read-securities.ts";
import { hasMart } from "../../../db/queries/market/read-warehouse.ts";
import { selectSweep, selectSweeps, type WholeSweep } from "../../../db/queries/research/sweeps.ts";
import { readFirstTicker } from "../../../db/queries/research/tickers.ts";
import { Sweep, sweepPage } from "../../../views/research/sweep.tsx";
import { HeatMap } from "../../../views/research/sweep-heat-map.tsx";
import type { SweepForm } from "../../../views/research/sweep-view.ts";
import { SweepList, sweepsPage } from "../../../views/research/sweeps.tsx";
import type { AppContext } from "../../context.ts";
import { HttpError } from "../../http/errors.ts";
import { readMissingRoles } from "../../http/missing-roles.ts";
import { actorOf, idOf, numberIn, wantsFragment } from "../../http/request.ts";
import { readShell } from "../../http/shell.ts";
import { addTableRoutes } from "../../http/tables/routes.ts";
import type { Table } from "../../http/tables/table.ts";
import type { Problem } from "../backtests/url.ts";
import { whyUnusable } from "../workspace/catalogue.ts";
import { draftOfRequest, freshDraft, requestOfForm, sentDraft, toForm } from "./draft.ts";
import { readRequest } from "./plan.ts";
import { prepareSweep } from "./prepare.ts";
import type { SweepFound, SweepRequest } from "./schemas.ts";
import { mostKept } from "./sweeps.ts";
import { mapTable } from "./table.ts";
import { heatMapView, listedSummary, type MapAsked, viewOf } from "./view.ts";

async function listed(context: AppContext) {
  return {
    sweeps: (await selectSweeps(context.read, mostKept)).map(listedSummary),
    kept: mostKept,
    now: context.now(),
    isServed: !(await readMissingRoles(context)).includes("sweep"),
  };
}

async function rangeOf({ read }: AppContext, ticker: string): Promise<SweepForm["known"]> {
  if (ticker === "") return null;
  const { firstDate, lastDate } = await selectBarDates(read, {
    ticker,
    security: await selectSecurityId(read, ticker),
  });
  return firstDate === null || lastDate === null ? null : { ticker, from: firstDate, to: lastDate };
}

const noneOfUndefined = (error: unknown): null => {
  if (!isUndefinedTable(error)) throw error;
  return null;
};

/** The form of a new sweep: of one that is asked for again, of a run that a link names, or of the first ticker there is. */
async function freshForm(context: AppContext, c: Context): Promise<SweepForm> {
  const again = numberIn(c, "again");
  const earlier = again === null ? null : await selectSweep(context.read, again);
  if (earlier) {
    const { strategy } = earlier.request as unknown as SweepRequest;
    const problem = whyUnusable(strategy);
    if (problem !== null) {
      return toForm(freshDraft(new URLSearchParams()), [{ field: "strategy", message: problem }], null);
    }
    const request = readRequest(earlier.request);
    return toForm(draftOfRequest(request), [], await rangeOf(context, request.ticker ?? ""));
  }
  const query = new URL(c.req.url).searchParams;
  query.delete("again");
  const draft = freshDraft(query);
  const ticker = draft.ticker || (await readFirstTicker(context.read).catch(noneOfUndefined)) || "";
  const known = await rangeOf(context, ticker).catch(noneOfUndefined);
  return toForm(
    { ...draft, ticker, from: draft.from || (known?.from ?? ""), to: draft.to || (known?.to ?? "") },
    [],
    known,
  );
}

async function showAll(context: AppContext, c: Context): Promise<Response> {
  const list = await listed(context);
  if (wantsFragment(c, "sweep-list")) return c.html(<SweepList {...list} />);
  const isPublished = await hasMart(context.read);
  const form = await freshForm(context, c);
  return c.html(sweepsPage({ shell: await readShell(context, c), form, list, isPublished }));
}

async function begin(context: AppContext, c: Context): Promise<Response> {
  const sent = new URLSearchParams(await c.req.text());
  const refuse = async (problems: Problem[], status: 422 | 429) => {
    const draft = sentDraft(sent);
    const known = await rangeOf(context, draft.ticker ?? "").catch(noneOfUndefined);
    const form = toForm(draft, problems, known);
    const list = await listed(context);
    return c.html(sweepsPage({ shell: await readShell(context, c, "/sweeps"), form, list, isPublished: true }), status);
  };
  const { request, problems } = requestOfForm(sent);
  if (request === null) return await refuse(problems, 422);
  try {
    const id = await context.sweeps.begin(await prepareSweep(context.read, request), actorOf(c));
    return c.redirect(`/sweeps/${id}`, 303);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const problem = { field: error.details.field ?? "", message: error.message };
    return await refuse([problem], error.status === 429 ? 429 : 422);
  }
}

async function sweepOf({ read }: AppContext, c: Context): Promise<WholeSweep> {
  const id = idOf(c, "sweep");
  const sweep = await selectSweep(read, id);
  if (sweep === null) {
    throw new HttpError(404, "not_found", `There is no sweep ${id}: the newest ${mostKept} are kept.`, {
      title: "No such sweep",
    });
  }
  return sweep;
}

const mapAsked = (c: Context): MapAsked => ({
  map: numberIn(c, "map") ?? 0,
  metric: c.req.query("metric") ?? null,
  show: c.req.query("show") === "mean" ? "mean" : "best",
});

async function show(context: AppContext, c: Context): Promise<Response> {
  const sweep = await sweepOf(context, c);
  if (wantsFragment(c, "heat-map")) {
    const found = sweep.result as unknown as SweepFound | null;
    const map = found && (await heatMapView(context.read, sweep, found, mapAsked(c)));
    return c.html(<HeatMap map={map} />);
  }
  const view = await viewOf(context, sweep, mapAsked(c));
  if (wantsFragment(c, "sweep")) return c.html(<Sweep view={view} />);
  return c.html(sweepPage({ shell: await readShell(context, c), view }));
}

async function cancel(context: AppContext, c: Context): Promise<Response> {
  const { id } = await sweepOf(context, c);
  await context.sweeps.cancel(id, actorOf(c));
  return c.redirect(`/sweeps/${id}`, 303);
}

async function exportMap(context: AppContext, c: Context): Promise<Table> {
  const sweep = await sweepOf(context, c);
  const found = sweep.result as unknown as SweepFound | null;
  const map = found && (await heatMapView(context.read, sweep, found, mapAsked(c)));
  if (!map) throw new HttpError(404, "not_found", `Sweep ${sweep.id} has no heat map.`, { title: "No heat map" });
  return mapTable(sweep.id, map);
}

/** `/sweeps`: the form and the list, and a page of each sweep. */
export function createSweepRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/sweeps", (c) => showAll(context, c));
  routes.post("/sweeps", (c) => begin(context, c));
  routes.get("/sweeps/:id", (c) => show(context, c));
  routes.post("/sweeps/:id/cancel", (c) => cancel(context, c));
  addTableRoutes(routes, "/sweeps/:id/heat-map", (c) => exportMap(context, c));
  return routes;
}

import { type Context, Hono } from "hono";
import { selectSessionAt } from "../../db/queries/market/read-screener.ts";
import { selectUniverse } from "../../db/queries/market/read-universe.ts";
import { isIsoDate } from "../../jobs/market/calendar.ts";
import { Screen, screenerPage } from "../../views/market/screener.tsx";
import type { AppContext } from "../context.ts";
import { HttpError } from "../http/errors.ts";
import { wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { addTableRoutes } from "../http/tables/routes.ts";
import type { Table } from "../http/tables/table.ts";
import { universeTable } from "./market-tables.ts";
import { readScreenDesk } from "./saved-screen-read.ts";
import { readAvailable, readPageScreen } from "./screener-read.ts";
import { screenTable } from "./screener-table.ts";
import { readScreenView } from "./screener-view.ts";
import { createChoices, type ReadChoices } from "./workspace-choices.ts";

const queryOf = (c: Context) => new URL(c.req.url).searchParams;

const notPublished = () =>
  new HttpError(404, "not_found", "Nothing is published yet: the first transform has not ended.", {
    title: "Nothing published",
  });

/** What a form sends that its address should not keep: empty fields, and the row that adds a filter. */
const isFromForm = (params: URLSearchParams) =>
  params.has("add") || [...params.values()].includes("") || new Set(params.keys()).size < params.size;

async function show(context: AppContext, readChoices: ReadChoices, c: Context): Promise<Response> {
  const params = queryOf(c);
  const [view, desk] = await Promise.all([readScreenView(context, params, readChoices), readScreenDesk(context)]);
  const isFragment = wantsFragment(c, "screen");
  if (view && isFragment) {
    if (isFromForm(params)) c.header("HX-Push-Url", view.url);
    return c.html(<Screen view={view} desk={desk} />);
  }
  // Without a script the browser keeps what the form sent; problems would be lost on the way, so they stay with it.
  if (view && view.problems.length === 0 && isFromForm(params)) return c.redirect(view.url, 303);
  return c.html(screenerPage({ shell: await readShell(context, c), view, desk }));
}

async function exportScreen(context: AppContext, c: Context): Promise<Table> {
  const available = await readAvailable(context);
  if (available === null) throw notPublished();
  const found = await readPageScreen(context, queryOf(c), null, available);
  if (found === null) throw notPublished();
  const [problem] = found.problems;
  // A file with a filter left out would look like one with it.
  if (problem) throw new HttpError(422, "invalid", problem.message, { field: problem.field });
  const { answerable, session, result } = found;
  return screenTable(answerable.columns, available.workspace, { session, rows: result.rows });
}

async function exportUniverse(context: AppContext, c: Context): Promise<Table> {
  const date = c.req.query("date") ?? "";
  if (date !== "" && !isIsoDate(date)) {
    throw new HttpError(422, "invalid", "The date has to be one such as 2020-03-16.", { field: "date" });
  }
  if ((await readAvailable(context)) === null) throw notPublished();
  const session = await selectSessionAt(context.read, date || null);
  const tickers = session === null ? [] : await selectUniverse(context.read, session, c.req.query("type") || null);
  return universeTable(session, tickers);
}

/** `/screener`, its files, and those of the universe of a session. */
export function createScreenerRoutes(context: AppContext): Hono {
  const routes = new Hono();
  const readChoices = createChoices(context);
  routes.get("/screener", (c) => show(context, readChoices, c));
  addTableRoutes(routes, "/screener", (c) => exportScreen(context, c));
  addTableRoutes(routes, "/universe", (c) => exportUniverse(context, c));
  return routes;
}

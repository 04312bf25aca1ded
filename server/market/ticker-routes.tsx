import { type Context, Hono } from "hono";
import { selectLabelStatuses } from "../../db/queries/market/read-securities.ts";
import { selectQuotes, selectTickers, selectTickerTypes } from "../../db/queries/market/read-tickers.ts";
import { hasMart } from "../../db/queries/market/read-warehouse.ts";
import { isIsoDate } from "../../jobs/market/calendar.ts";
import { readChartState } from "../../views/market/chart/state.ts";
import { tickerPage } from "../../views/market/ticker.tsx";
import { type TickerList, TickerResults, tickersPage, unknownTickerPage } from "../../views/market/tickers.tsx";
import type { AppContext } from "../context.ts";
import { HttpError } from "../http/errors.ts";
import { numberIn, wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { addTableRoutes } from "../http/tables/routes.ts";
import type { Table } from "../http/tables/table.ts";
import { chartTable } from "./chart-table.ts";
import { readChart } from "./ticker-chart.ts";
import { readTickerPage } from "./ticker-page.ts";
import { readStars } from "./watchlist-read.ts";

const pageSize = 40;
const sparkSessions = 60;
/** Symbols are short and names are not long; more is not a search. */
const longestQuery = 80;

function listUrl(query: string, type: string, from: number): string {
  const parts = new URLSearchParams();
  if (query) parts.set("q", query);
  if (type) parts.set("type", type);
  if (from > 0) parts.set("from", String(from));
  return `/tickers${parts.size > 0 ? `?${parts}` : ""}`;
}

async function readList(context: AppContext, query: string, type: string, from: number): Promise<TickerList> {
  const { read } = context;
  const [types, rows, isPublished, stars] = await Promise.all([
    selectTickerTypes(read),
    selectTickers(read, { query, type: type || null }, from, pageSize),
    hasMart(read),
    readStars(context),
  ]);
  const symbols = rows.map(({ ticker }) => ticker);
  const quotes = isPublished && symbols.length > 0 ? await selectQuotes(read, symbols, sparkSessions) : [];
  const gone = rows.filter(({ active }) => !active).map(({ ticker }) => ticker);
  const statuses = new Map((await selectLabelStatuses(read, gone)).map((label) => [label.ticker, label]));
  const byTicker = new Map(quotes.map((quote) => [quote.ticker, quote]));
  const matches = rows[0]?.matches ?? 0;
  return {
    query,
    type,
    types,
    rows: rows.map((row) => ({
      ...row,
      quote: byTicker.get(row.ticker) ?? null,
      newest: statuses.get(row.ticker)?.newest ?? row.ticker,
      isRenamed: statuses.get(row.ticker)?.status === "renamed",
      isStarred: stars.has(row.ticker),
    })),
    matches,
    from,
    newer: from > 0 ? listUrl(query, type, Math.max(0, from - pageSize)) : null,
    older: from + rows.length < matches ? listUrl(query, type, from + pageSize) : null,
    url: listUrl(query, type, from),
    hasMart: isPublished,
  };
}

async function list(context: AppContext, c: Context): Promise<Response> {
  const query = (c.req.query("q") ?? "").trim().slice(0, longestQuery);
  const type = (c.req.query("type") ?? "").trim();
  const found = await readList(context, query, type, numberIn(c, "from") ?? 0);
  if (wantsFragment(c, "ticker-results")) return c.html(<TickerResults list={found} />);
  return c.html(tickersPage({ shell: await readShell(context, c), list: found }));
}

async function show(context: AppContext, c: Context): Promise<Response> {
  const ticker = c.req.param("ticker") ?? "";
  const [shell, view] = await Promise.all([readShell(context, c), readTickerPage(context, ticker, askedChart(c))]);
  if (view) {
    const isStarred = (await readStars(context)).has(view.security?.ticker ?? ticker);
    return c.html(tickerPage({ shell, view, isStarred }));
  }
  const suggestions = await selectTickers(context.read, { query: ticker.slice(0, longestQuery), type: null }, 0, 8);
  return c.html(unknownTickerPage({ shell, ticker, suggestions }), 404);
}

/** `security` or `on` says which of the label's holders is meant, where that is not the newest; the rest how its chart is. */
const askedChart = (c: Context) => ({
  state: readChartState(new URL(c.req.url).searchParams, c.req.param("ticker") ?? ""),
  security: c.req.query("security") || undefined,
  on: [c.req.query("on") ?? ""].find(isIsoDate),
});

async function bars(context: AppContext, c: Context): Promise<Response> {
  const chart = await readChart(context, c.req.param("ticker") ?? "", askedChart(c));
  return c.json(chart, chart.date.length > 0 ? 200 : 404);
}

async function exportBars(context: AppContext, c: Context): Promise<Table> {
  const ticker = c.req.param("ticker") ?? "";
  const asked = askedChart(c);
  const chart = await readChart(context, ticker, asked);
  if (chart.date.length > 0) return chartTable(chart, asked.state);
  throw new HttpError(404, "not_found", `No bars of ${ticker} are published.`, { title: "Nothing to export" });
}

/** `/tickers`, `/tickers/:ticker` and the data of its chart. */
export function createTickerRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/tickers", (c) => list(context, c));
  routes.get("/tickers/:ticker", (c) => show(context, c));
  routes.get("/tickers/:ticker/bars.json", (c) => bars(context, c));
  addTableRoutes(routes, "/tickers/:ticker/bars", (c) => exportBars(context, c));
  return routes;
}

import { type Context, Hono } from "hono";
import { isUndefinedTable } from "../../../db/errors.ts";
import { selectBarDates } from "../../../db/queries/market/read-bars.ts";
import { selectSecurityId } from "../../../db/queries/market/read-securities.ts";
import { selectTickers } from "../../../db/queries/market/read-tickers.ts";
import { hasMart } from "../../../db/queries/market/read-warehouse.ts";
import { readFirstTicker } from "../../../db/queries/research/tickers.ts";
import { TickerOptions } from "../../../views/market/ticker-options.tsx";
import { Backtest, backtestPage } from "../../../views/research/backtest.tsx";
import { Trades } from "../../../views/research/backtest-trades.tsx";
import type { BacktestForm, BacktestView } from "../../../views/research/backtest-view.ts";
import type { AppContext } from "../../context.ts";
import { HttpError } from "../../http/errors.ts";
import { isLogIn, numberIn, wantsFragment } from "../../http/request.ts";
import { readShell } from "../../http/shell.ts";
import { addTableRoutes } from "../../http/tables/routes.ts";
import type { Table } from "../../http/tables/table.ts";
import { createTearSheetRoutes } from "../tear-sheets/routes.tsx";
import { listStrategies } from "../workspace/catalogue.ts";
import { attempt } from "./attempt.ts";
import { toChart } from "./chart.ts";
import { draftOf, formMarker, queryOfForm, toForm } from "./draft.ts";
import { offersOf } from "./offers.ts";
import { createRecentRuns, type RecentRuns } from "./recent-runs.ts";
import { tradesOf } from "./run.ts";
import { equityTable, tradesTable } from "./tables.ts";
import type { BacktestRun } from "./types.ts";
import { urlOfRequest } from "./url.ts";
import { toResult } from "./view.ts";

const suggestions = 12;
const longestQuery = 80;

/** What of the address is the page's own and no part of the run. */
const pageParameters = ["trades", "scale"];

function runQueryOf(c: Context): URLSearchParams {
  const query = new URLSearchParams(new URL(c.req.url).searchParams);
  for (const name of pageParameters) query.delete(name);
  return query;
}

type BacktestContext = AppContext & { runs: RecentRuns };

/** The run of an address that only a script or a link asks for; what is wrong with it is the answer. */
async function runOrRefuse(context: BacktestContext, c: Context): Promise<BacktestRun> {
  const { run, problems } = await attempt(context.runs, runQueryOf(c));
  if (run) return run;
  const [problem] = problems;
  const message = problems.map((one) => one.message).join(" ");
  throw new HttpError(422, "invalid", message, problem ? { field: problem.field } : {});
}

async function rangeOf({ read }: AppContext, ticker: string): Promise<BacktestForm["known"]> {
  const { firstDate, lastDate } = await selectBarDates(read, {
    ticker,
    security: await selectSecurityId(read, ticker),
  });
  return firstDate === null || lastDate === null ? null : { ticker, from: firstDate, to: lastDate };
}

/** Years that the form is filled in for, where there are so many. */
const draftedYears = 10;

/** The form before anything was asked: a ticker that is there, or the one of the address, over what is known of it. */
async function freshForm(context: AppContext, query: URLSearchParams): Promise<BacktestForm> {
  const draft = draftOf(query);
  const ticker = draft.ticker || (await readFirstTicker(context.read).catch(noneOfUndefined)) || "";
  const known = ticker === "" ? null : await rangeOf(context, ticker);
  const yearsAgo = known && `${Number(known.to.slice(0, 4)) - draftedYears}${known.to.slice(4)}`;
  const from = known && yearsAgo && yearsAgo > known.from ? yearsAgo : known?.from;
  return toForm({ ...draft, ticker, from: draft.from || (from ?? ""), to: draft.to || (known?.to ?? "") }, [], known);
}

const noneOfUndefined = (error: unknown): null => {
  if (!isUndefinedTable(error)) throw error;
  return null;
};

/** A link that leaves to the reader what cannot be guessed: the strategy, or of which ticker. */
function isUnfinished(asked: URLSearchParams): boolean {
  if (!asked.has("strategy")) return true;
  const scope = listStrategies().find(({ id }) => id === asked.get("strategy"))?.scope;
  return scope === "ticker" && !asked.has("ticker") && !asked.has(formMarker);
}

async function show(context: BacktestContext, c: Context): Promise<Response> {
  const asked = runQueryOf(c);
  const isFragment = wantsFragment(c, "backtest");
  const page = async (view: BacktestView, status: 200 | 422 = 200) =>
    isFragment
      ? c.html(<Backtest view={view} />, status)
      : c.html(backtestPage({ shell: await readShell(context, c), view }), status);
  if (!(await hasMart(context.read))) {
    return await page({ form: toForm(draftOf(new URLSearchParams()), [], null), result: null, isPublished: false });
  }
  // A link may name a ticker and leave the rest to the reader.
  if (isUnfinished(asked))
    return await page({ form: await freshForm(context, asked), result: null, isPublished: true });
  const isFromForm = asked.has(formMarker);
  const query = isFromForm ? queryOfForm(asked) : asked;
  const attempted = await attempt(context.runs, query);
  if (attempted.run === null) {
    const { problems, lack } = attempted;
    const draft = draftOf(asked);
    const known = draft.ticker ? await rangeOf(context, draft.ticker) : null;
    const offers = lack ? await offersOf(context.runs, query, lack, known?.from ?? null) : [];
    // A link is not at fault where the warehouse is young.
    const status = lack && !isFromForm ? 200 : 422;
    return await page({ form: toForm(draft, problems, known), result: null, isPublished: true, offers }, status);
  }
  const { run } = attempted;
  const url = urlOfRequest(run.scenario);
  if (isFromForm && !isFragment) return c.redirect(url, 303);
  const options = { origin: new URL(c.req.url).origin, tradesFrom: numberIn(c, "trades") ?? 0, isLog: isLogIn(c) };
  const result = toResult(run, options);
  if (wantsFragment(c, "trades")) return c.html(<Trades view={result} />);
  // The same run again is no new page to go back to.
  const isNew = !(c.req.header("HX-Current-URL") ?? "").endsWith(url);
  if (isFragment && isNew) c.header("HX-Push-Url", url);
  const known = run.scenario.ticker === null ? null : await rangeOf(context, run.scenario.ticker);
  const form = toForm(draftOf(new URLSearchParams(url.split("?")[1])), [], known);
  return await page({ form, result, isPublished: true });
}

async function exportTrades(context: BacktestContext, c: Context): Promise<Table> {
  const run = await runOrRefuse(context, c);
  return tradesTable(run.scenario, tradesOf(run));
}

async function exportEquity(context: BacktestContext, c: Context): Promise<Table> {
  const run = await runOrRefuse(context, c);
  const { equity, drawdown, cash, shares, buyAndHold } = run.backtest;
  const held = run.scope === "universe" ? "universe" : "buy_and_hold";
  return equityTable(run.scenario, run.bars.dates, {
    ...{ equity, drawdown, cash, shares, [held]: buyAndHold.equity },
    ...(run.benchmark !== null && { [run.benchmark.ticker]: run.benchmark.equity }),
  });
}

async function suggest({ read }: AppContext, c: Context): Promise<Response> {
  const query = (c.req.query("ticker") ?? "").trim().slice(0, longestQuery);
  const found = query === "" ? [] : await selectTickers(read, { query, type: null }, 0, suggestions);
  return c.html(<TickerOptions tickers={found} />);
}

/** `/backtest`: the form, a run's page, and its data; and tear sheets, which look at the same runs. */
export function createBacktestRoutes(app: AppContext): Hono {
  const context: BacktestContext = { ...app, runs: createRecentRuns(app) };
  const routes = new Hono();
  routes.get("/backtest", (c) => show(context, c));
  routes.get("/backtest/chart.json", async (c) => c.json(toChart(await runOrRefuse(context, c))));
  addTableRoutes(routes, "/backtest/trades", (c) => exportTrades(context, c));
  addTableRoutes(routes, "/backtest/equity", (c) => exportEquity(context, c));
  routes.get("/backtest/tickers", (c) => suggest(context, c));
  routes.route("/", createTearSheetRoutes(context));
  return routes;
}

import { type Context, Hono } from "hono";
import { selectBreadth } from "../../db/queries/market/read-breadth.ts";
import { isIsoDate } from "../../jobs/market/calendar.ts";
import { marketPage } from "../../views/market/market.tsx";
import { MoversLists } from "../../views/market/market-movers.tsx";
import type { AppContext } from "../context.ts";
import { csvResponse } from "../http/csv.ts";
import { HttpError } from "../http/errors.ts";
import { wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { hasMarket, readMarket, readMoversView, toColumns } from "./market-page.ts";

async function show(context: AppContext, c: Context): Promise<Response> {
  const asked = { range: c.req.query("range") ?? "", min: c.req.query("min"), type: c.req.query("type") ?? "" };
  const isPublished = await hasMarket(context);
  if (wantsFragment(c, "movers-lists") && isPublished) {
    return c.html(<MoversLists view={await readMoversView(context, asked)} />);
  }
  const [shell, view] = await Promise.all([readShell(context, c), isPublished ? readMarket(context, asked) : null]);
  return c.html(marketPage({ shell, view }));
}

function dayIn(c: Context, name: string): string | null {
  const text = c.req.query(name) ?? "";
  if (text === "") return null;
  if (isIsoDate(text)) return text;
  throw new HttpError(422, "invalid", `\`${name}\` has to be a date such as 2025-01-02.`, { field: name });
}

async function readRange(context: AppContext, c: Context) {
  const [from, to] = [dayIn(c, "from"), dayIn(c, "to")];
  if (await hasMarket(context)) return await selectBreadth(context.read, from, to);
  throw new HttpError(404, "not_found", "Nothing is published yet: the first transform has not ended.", {
    title: "Nothing published",
  });
}

async function exportBreadth(context: AppContext, c: Context): Promise<Response> {
  const rows = await readRange(context, c);
  const header = [
    "session",
    "tickers",
    "advancing",
    "declining",
    "unchanged",
    "new_highs_252d",
    "new_lows_252d",
    "share_above_moving_avg_50d",
    "share_above_moving_avg_200d",
    "median_return_1d",
    "dollar_volume",
  ];
  return csvResponse("barline-breadth.csv", header, rows, (row) => [
    row.date,
    row.tickers,
    row.advancing,
    row.declining,
    row.unchanged,
    row.newHighs,
    row.newLows,
    row.above50,
    row.above200,
    row.medianReturn,
    row.dollarVolume,
  ]);
}

/** `/market`, the data of its figures, and the same as CSV. */
export function createMarketRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/market", (c) => show(context, c));
  routes.get("/market/breadth.json", async (c) => c.json(toColumns(await readRange(context, c))));
  routes.get("/market/breadth.csv", (c) => exportBreadth(context, c));
  return routes;
}

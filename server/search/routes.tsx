import { type Context, Hono } from "hono";
import { PaletteResults, ShortcutList, searchPage } from "../../views/search.tsx";
import { tickerHref } from "../../views/ticker-href.ts";
import type { AppContext } from "../context.ts";
import { wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { longestQuery, search } from "./read.ts";
import { createTickerIndex, type TickerIndex } from "./ticker-index.ts";

/** As old as what is searched may be: a new listing is found half a minute after it is published. */
const keepMs = 30_000;

async function answer(context: AppContext, tickers: TickerIndex, c: Context): Promise<Response> {
  c.header("Cache-Control", "no-store");
  if (wantsFragment(c, "shortcut-list")) return c.html(<ShortcutList />);
  const query = (c.req.query("q") ?? "").trim().slice(0, longestQuery);
  // What the form without a script sends: who typed a symbol wants its page.
  const symbol = c.req.query("go") === undefined ? null : await tickers.symbol(query);
  if (symbol !== null) return c.redirect(tickerHref(symbol), 303);
  const hits = await search(context, tickers, query);
  if (wantsFragment(c, "palette-results")) return c.html(<PaletteResults query={query} hits={hits} />);
  return c.html(searchPage({ shell: await readShell(context, c), query, hits }));
}

/** `/search`: everything that has a name, as a page and as what the palette shows while one types. */
export function createSearchRoutes(context: AppContext): Hono {
  const routes = new Hono();
  const tickers = createTickerIndex({ read: context.read, keepMs, now: context.now });
  routes.get("/search", (c) => answer(context, tickers, c));
  return routes;
}

import { type Context, Hono } from "hono";
import { selectBreadth } from "../../db/queries/market/read-breadth.ts";
import { isIsoDate } from "../../jobs/market/calendar.ts";
import { marketPage } from "../../views/market/market.tsx";
import { MoversLists } from "../../views/market/market-movers.tsx";
import type { AppContext } from "../context.ts";
import { HttpError } from "../http/errors.ts";
import { wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { addTableRoutes } from "../http/tables/routes.ts";
import { hasMarket, readMarket, readMoversView, toColumns } from "./market-page.ts";
import { breadthTable } from "./market-tables.ts";

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

/** `/market`, the data of its figures, and the same as files. */
export function createMarketRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/market", (c) => show(context, c));
  routes.get("/market/breadth.json", async (c) => c.json(toColumns(await readRange(context, c))));
  addTableRoutes(routes, "/market/breadth", async (c) => breadthTable(await readRange(context, c)));
  return routes;
}

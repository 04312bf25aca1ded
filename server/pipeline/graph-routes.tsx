import { type Context, Hono } from "hono";
import { GraphLive, graphPage } from "../../views/pipeline/graph.tsx";
import type { AppContext } from "../context.ts";
import { wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { readGraph } from "./graph-read.ts";

async function show(context: AppContext, c: Context): Promise<Response> {
  if (wantsFragment(c, "graph")) return c.html(<GraphLive graph={await readGraph(context)} />);
  const [shell, graph] = await Promise.all([readShell(context, c), readGraph(context)]);
  return c.html(graphPage({ shell, graph }));
}

/** `/graph`: jobs, datasets and models as one picture. */
export function createGraphRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/graph", (c) => show(context, c));
  return routes;
}

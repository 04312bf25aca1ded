import { type Context, Hono } from "hono";
import { GraphLive, graphPage } from "../../views/pipeline/graph.tsx";
import type { GraphChoice, GraphView } from "../../views/pipeline/graph-types.ts";
import type { AppContext } from "../context.ts";
import { wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { chooseOf } from "./graph-filter.ts";
import { readGraph } from "./graph-read.ts";

const partNames = ["pipeline", "models", "workspace"] as const;
const partOf = (text: string | undefined): GraphChoice["part"] => partNames.find((part) => part === text) ?? "";

/** What is asked for; an id that no node has chooses nothing. */
function choiceIn(c: Context, { jobs, models }: GraphView): GraphChoice {
  const known = (nodes: { id: string }[], name: string) => nodes.find(({ id }) => id === c.req.query(name))?.id ?? "";
  return { job: known(jobs, "job"), model: known(models, "model"), part: partOf(c.req.query("part")) };
}

async function show(context: AppContext, c: Context): Promise<Response> {
  const all = await readGraph(context);
  const graph = chooseOf(all, choiceIn(c, all));
  if (wantsFragment(c, "graph")) return c.html(<GraphLive graph={graph} />);
  return c.html(graphPage({ shell: await readShell(context, c), graph }));
}

/** `/graph`: jobs, datasets and models as one picture. */
export function createGraphRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/graph", (c) => show(context, c));
  return routes;
}

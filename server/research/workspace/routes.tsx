import { type Context, Hono } from "hono";
import { WorkspaceLive, workspacePage } from "../../../views/research/workspace.tsx";
import type { AppContext } from "../../context.ts";
import { wantsFragment } from "../../http/request.ts";
import { readShell } from "../../http/shell.ts";
import { readOverview } from "./overview.ts";

async function show(context: AppContext, c: Context): Promise<Response> {
  const view = await readOverview(context);
  if (wantsFragment(c, "workspace")) return c.html(<WorkspaceLive view={view} />);
  return c.html(workspacePage({ shell: await readShell(context, c), view }));
}

/** `/workspace`: the people's own models, tests and strategies, each as it stands. */
export function createWorkspaceRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/workspace", (c) => show(context, c));
  return routes;
}

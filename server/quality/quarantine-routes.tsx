import { type Context, Hono } from "hono";
import { quarantinePage } from "../../views/quality/quarantine.tsx";
import type { AppContext } from "../context.ts";
import { actorOf, fieldErrors, fieldOf, idOf, numberIn, statusOf } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { readQuarantineView } from "./quarantine-read.ts";

/** Longer is no ticker and no state. */
const longestText = 64;
const longestReason = 500;

const path = "/quality/quarantine";

async function page(context: AppContext, c: Context, problem: { id: number; message: string } | null) {
  const textIn = (name: string) => (c.req.query(name) ?? "").trim().slice(0, longestText);
  const asked = { state: textIn("state"), ticker: textIn("ticker") };
  const [shell, view] = await Promise.all([
    readShell(context, c, path),
    readQuarantineView(context, asked, numberIn(c, "before"), problem),
  ]);
  return quarantinePage({ shell, view });
}

async function decide(context: AppContext, c: Context, decision: "release" | "drop"): Promise<Response> {
  const id = idOf(c, "quarantine");
  const reason = fieldOf(await c.req.parseBody(), "reason").slice(0, longestReason);
  try {
    await context.pipeline.quarantine[decision](id, reason, actorOf(c));
  } catch (error) {
    const [message = ""] = Object.values(fieldErrors(error, ["reason"]));
    return c.html(await page(context, c, { id, message }), statusOf(error));
  }
  return c.redirect(`${path}#quarantine-${id}`, 303);
}

/** `/quality/quarantine`: the rows that are held back, and what people decide about them. */
export function createQuarantineRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get(path, async (c) => c.html(await page(context, c, null)));
  routes.post(`${path}/:id/release`, (c) => decide(context, c, "release"));
  routes.post(`${path}/:id/drop`, (c) => decide(context, c, "drop"));
  return routes;
}

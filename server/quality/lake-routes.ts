import { type Context, Hono } from "hono";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { formatBytes } from "../../views/format.ts";
import type { AppContext } from "../context.ts";

/** What is shown of an object: some thousand rows of a grouped answer. Whoever wants the rest downloads it. */
const shownCharacters = 512 * 1024;

/** The object unpacked and indented, cut where it is long. Plain text: nothing in it is run or drawn, whatever it says. */
async function view(context: AppContext, c: Context, key: string): Promise<Response> {
  const text = indent(await context.pipeline.lakeViewer.text(key));
  const isCut = text.length > shownCharacters;
  const rest = `\n\n… cut here, after ${formatBytes(shownCharacters)} of ${formatBytes(text.length)}. The whole object, as it is stored: add &download=1 to the address.\n`;
  return c.text(isCut ? text.slice(0, shownCharacters) + rest : text, 200, { "Cache-Control": "private, no-store" });
}

/** Indented where it is JSON; as it is where it is not. */
function indent(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    return text;
  }
}

async function download(context: AppContext, c: Context, key: string): Promise<Response> {
  const bytes = await context.pipeline.lakeViewer.stored(key);
  const name = key.replace(/^.*\//, "").replaceAll(/[^\w.-]/g, "_");
  return c.body(bytes, 200, {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": `attachment; filename="${name}"`,
    "Cache-Control": "private, no-store",
  });
}

async function show(context: AppContext, c: Context): Promise<Response> {
  const key = c.req.query("key") ?? "";
  if (key === "") throw new RequestError("invalid", "Name an object of the lake: /lake?key=…", "key");
  return c.req.query("download") === undefined ? view(context, c, key) : download(context, c, key);
}

/** `/lake?key=…`: an object of the lake as text, or with `&download=1` as it is stored. */
export function createLakeRoutes(context: AppContext): Hono {
  const routes = new Hono();
  routes.get("/lake", (c) => show(context, c));
  return routes;
}

import type { MiddlewareHandler } from "hono";
import { visibleText } from "../../views/visible-text.ts";

/**
 * Takes from every page and part of one what cannot be seen in the texts it repeats: names, reasons and rows from outside are
 * on so many that no view may be trusted to remember.
 */
export function visiblePages(): MiddlewareHandler {
  return async function visiblePages(c, next) {
    await next();
    if (!c.res.headers.get("Content-Type")?.startsWith("text/html") || c.res.body === null) return;
    const { status, headers } = c.res;
    c.res = new Response(visibleText(await c.res.text()), { status, headers });
  };
}

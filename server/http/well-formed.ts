import type { MiddlewareHandler } from "hono";
import type { AppEnv, RequestContext } from "./environment.ts";
import { HttpError, isMachinePath } from "./errors.ts";

/**
 * Refuses an address that is none: a host or port that cannot be, and NUL bytes, which no text of ours holds. Bun passes both
 * on, and whatever makes a URL of them fails later, at a place that could not know why.
 */
export function wellFormedAddress(): MiddlewareHandler<AppEnv> {
  return async function wellFormedAddress(c, next) {
    const host = c.req.header("Host") ?? "";
    // None at all, as HTTP/1.0 allows, is left to those who need one.
    if (host !== "" && !(isHost(host) && URL.canParse(c.req.url))) {
      throw new HttpError(400, "malformed", "The Host header names no host.");
    }
    if (addressesOf(c).some((address) => address.includes("%00"))) {
      throw new HttpError(400, "malformed", "The address holds a NUL byte, which no text has.");
    }
    await next();
  };
}

/** What of a request is read as an address: htmx sends that of its page besides. */
const addressesOf = (c: RequestContext) => [c.req.url, c.req.header("HX-Current-URL") ?? ""];

const largestPort = 65_535;

/** Whether `host` is a name or an address, with a port or without. Names of containers have underscores. */
function isHost(host: string): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{0,5}))?$/i.exec(host);
  return match !== null && Number(match[2] ?? 0) <= largestPort && URL.canParse(`http://${match[1]}`);
}

/**
 * Refuses a posted form that is none, for every page at once. Hono keeps what it parsed, so that the route does not do it
 * again. Calls of the API read their body as JSON, whatever it calls itself.
 */
export function wellFormedForms(): MiddlewareHandler<AppEnv> {
  return async function wellFormedForms(c, next) {
    if (c.req.raw.body !== null && !isMachinePath(c.req.path)) await parseForm(c);
    await next();
  };
}

async function parseForm(c: RequestContext): Promise<void> {
  const type = c.req.header("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  try {
    if (type === "application/json") await c.req.json();
    else await c.req.parseBody();
  } catch (error) {
    // The parsers throw these two; what comes of the connection is told apart where errors are.
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    throw new HttpError(400, "malformed", "The form cannot be read: the body is not what its Content-Type says.");
  }
}

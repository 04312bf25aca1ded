import type { MiddlewareHandler } from "hono";
import { isLoopback } from "../config.ts";
import type { AppEnv, RequestContext } from "./environment.ts";
import { HttpError } from "./errors.ts";

/**
 * Refuses names that are not this machine's. Without a password, loopback is the only protection, and a foreign site whose
 * name resolves to 127.0.0.1 (DNS rebinding) would otherwise be same-origin with us.
 */
export function loopbackNamesOnly(): MiddlewareHandler<AppEnv> {
  return async function loopbackNamesOnly(c, next) {
    const name = hostName(hostOf(c));
    if (name === null || !isLoopback(name)) {
      throw new HttpError(
        403,
        "forbidden_host",
        "Without ADMIN_PASSWORD, Barline answers to localhost and 127.0.0.1 only. Open it by one of these, or set a password.",
      );
    }
    await next();
  };
}

/**
 * Refuses requests that change something when another site made the browser send them, whatever their content type.
 * The rules are those of Go's http.CrossOriginProtection: Sec-Fetch-Site decides where the browser sends it (it cannot be
 * forged by a page), else Origin has to name the host that was asked. Programs send neither, and pass.
 */
export function sameOriginWrites(): MiddlewareHandler<AppEnv> {
  return async function sameOriginWrites(c, next) {
    if (!isSafe(c.req.method) && !isSameOrigin(c)) {
      throw new HttpError(403, "cross_site", "Another site sent this request; it was refused.");
    }
    await next();
  };
}

/** Whether a request of this method only asks, as no GET of ours changes anything. */
export const isSafe = (method: string) => method === "GET" || method === "HEAD" || method === "OPTIONS";

function isSameOrigin(c: RequestContext): boolean {
  const site = c.req.header("Sec-Fetch-Site");
  if (site !== undefined) return site === "same-origin" || site === "none";
  const origin = c.req.header("Origin");
  if (origin === undefined) return true;
  // Only the host is compared: behind a proxy that ends TLS, the schemes differ.
  return URL.canParse(origin) && new URL(origin).host === withoutDefaultPort(hostOf(c), origin);
}

/** `example.com:443` is `example.com` to an https origin. */
function withoutDefaultPort(host: string, origin: string): string | null {
  const url = `${new URL(origin).protocol}//${host}`;
  return URL.canParse(url) ? new URL(url).host : null;
}

/** Empty where none was sent, as HTTP/1.0 allows: Bun then gives a URL without a host. */
function hostOf(c: RequestContext): string {
  return c.req.header("Host") ?? (URL.canParse(c.req.url) ? new URL(c.req.url).host : "");
}

/** The name without port and brackets; null for what is no host at all. */
function hostName(host: string): string | null {
  const match = /^(?:\[([0-9a-f:]+)\]|([a-z0-9.-]+))(?::\d{1,5})?$/i.exec(host);
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? null : name.toLowerCase();
}

import type { MiddlewareHandler } from "hono";
import { compress } from "hono/compress";
import { parseAccept } from "hono/utils/accept";
import type { AppEnv } from "./environment.ts";

/** Below it, compressing saves nothing that is noticed. */
const leastBytes = 1024;

/**
 * By zstd, whose fifth of gzip's time is what a page of megabytes costs everybody else's; browsers take it from HTTPS and from this machine. Its
 * level 3 is also smaller than gzip's 6.
 */
const zstdLevel = 3;

/** Whether a program takes zstd: it says so by name, and does not rank it at nothing. */
const takesZstd = (accepted: string): boolean =>
  parseAccept(accepted).some(({ type, q }) => type.toLowerCase() === "zstd" && q > 0);

/** Whether an answer is a page, which is whole when it is here, and may be compressed. */
function isPage(response: Response): boolean {
  const { headers } = response;
  return (
    headers.get("Content-Type")?.startsWith("text/html") === true &&
    !headers.has("Content-Encoding") &&
    headers.get("Cache-Control")?.includes("no-transform") !== true
  );
}

/**
 * Compresses what is worth it: pages by zstd for who takes it, everything else, and pages for others, by gzip as it is written. An answer with
 * `Cache-Control: no-transform` is left as it is: those that show a secret beside what was sent, so that its length tells nothing of it.
 */
export function compressed(): MiddlewareHandler<AppEnv> {
  const others = compress({ threshold: leastBytes });
  return async function compressed(c, next) {
    await others(c, async () => {
      await next();
      if (c.req.method === "HEAD" || !takesZstd(c.req.header("Accept-Encoding") ?? "") || !isPage(c.res)) return;
      const page = new Uint8Array(await c.res.arrayBuffer());
      const isWorthIt = page.byteLength >= leastBytes;
      const body = isWorthIt ? Uint8Array.from(Bun.zstdCompressSync(page, { level: zstdLevel })) : page;
      c.res = new Response(body, c.res);
      if (!isWorthIt) return;
      c.header("Content-Encoding", "zstd");
      c.header("Vary", "Accept-Encoding", { append: true });
      c.res.headers.delete("Content-Length");
    });
  };
}

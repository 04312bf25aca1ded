import type { MiddlewareHandler } from "hono";
import { compress } from "hono/compress";
import { parseAccept } from "hono/utils/accept";
import { COMPRESSIBLE_CONTENT_TYPE_REGEX } from "hono/utils/compress";
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

/** What programs are answered: rows, of which there may be millions. */
const rowTypes = /^(text\/csv|application\/(json|x-ndjson))(;|$)/;

const typeOf = ({ headers }: Response) => headers.get("Content-Type") ?? "";
const isPage = (response: Response) => typeOf(response).startsWith("text/html");

/** Whether an answer may be compressed, and is worth it by what is known of its length. */
function isOpen(response: Response): boolean {
  const { headers } = response;
  return (
    (isPage(response) || rowTypes.test(typeOf(response))) &&
    !headers.has("Content-Encoding") &&
    headers.get("Cache-Control")?.includes("no-transform") !== true &&
    Number(headers.get("Content-Length") ?? leastBytes) >= leastBytes
  );
}

/** The bytes of a page, which is whole when it is here, or of rows, as they come; null where there are too few. */
async function zstdOf(response: Response): Promise<Uint8Array<ArrayBuffer> | ReadableStream | null> {
  if (!isPage(response)) return response.body?.pipeThrough(new CompressionStream("zstd" as CompressionFormat)) ?? null;
  const page = new Uint8Array(await response.clone().arrayBuffer());
  if (page.byteLength < leastBytes) return null;
  return Uint8Array.from(Bun.zstdCompressSync(page, { level: zstdLevel }));
}

/**
 * Compresses what is worth it: pages and rows by zstd for who takes it, everything else, and those for others, by gzip as it is written. An answer with
 * `Cache-Control: no-transform` is left as it is: those that show a secret beside what was sent, so that its length tells nothing of it.
 */
export function compressed(): MiddlewareHandler<AppEnv> {
  const others = compress({
    threshold: leastBytes,
    contentTypeFilter: (type) => COMPRESSIBLE_CONTENT_TYPE_REGEX.test(type) || rowTypes.test(type),
  });
  return async function compressed(c, next) {
    await others(c, async () => {
      await next();
      if (c.req.method === "HEAD" || !takesZstd(c.req.header("Accept-Encoding") ?? "") || !isOpen(c.res)) return;
      const body = await zstdOf(c.res);
      if (body === null) return;
      c.res = new Response(body, c.res);
      c.header("Content-Encoding", "zstd");
      c.header("Vary", "Accept-Encoding", { append: true });
      c.res.headers.delete("Content-Length");
    });
  };
}

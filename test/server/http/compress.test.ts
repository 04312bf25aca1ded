import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { compressed } from "../../../server/http/compress.ts";
import type { AppEnv } from "../../../server/http/environment.ts";
import { mediaTypes } from "../../../server/http/tables/formats.ts";

const page = "<p>bar</p>".repeat(500);

const app = new Hono<AppEnv>()
  .use(compressed())
  .get("/page", (c) => c.html(page))
  .get("/short", (c) => c.html("<p>bar</p>"))
  .get("/data", (c) => c.json({ page }))
  .get("/rows", (c) => {
    const rows = new ReadableStream({
      start(controller) {
        for (let part = 0; part < 3; part += 1) controller.enqueue(new TextEncoder().encode(page));
        controller.close();
      },
    });
    return c.body(rows, 200, { "Content-Type": "application/x-ndjson" });
  })
  .get("/sheet", (c) => c.body(page, 200, { "Content-Type": mediaTypes.xlsx.type }))
  .get("/secret", (c) => {
    c.header("Cache-Control", "no-store, no-transform");
    return c.html(page);
  })
  .get("/away", (c) => c.redirect("/page"));

const get = (path: string, accepted: string, method = "GET") =>
  app.request(path, { method, headers: { "Accept-Encoding": accepted } });
const encodingOf = async (path: string, accepted: string) =>
  (await get(path, accepted)).headers.get("Content-Encoding");

describe("answers", () => {
  test("that are pages come by zstd where it is taken, whole, and caches are told", async () => {
    const answer = await get("/page", "gzip, deflate, br, zstd");
    expect(answer.headers.get("Content-Encoding")).toBe("zstd");
    expect(answer.headers.get("Vary")).toBe("Accept-Encoding");
    const bytes = new Uint8Array(await answer.arrayBuffer());
    expect(bytes.length).toBeLessThan(page.length / 10);
    expect(new TextDecoder().decode(Bun.zstdDecompressSync(bytes))).toBe(page);
  });

  test("come by gzip otherwise, and as they are where nothing is asked for", async () => {
    const answer = await get("/page", "gzip, zstd;q=0");
    expect(answer.headers.get("Content-Encoding")).toBe("gzip");
    const unzipped = answer.body?.pipeThrough(new DecompressionStream("gzip"));
    expect(await new Response(unzipped).text()).toBe(page);
    expect(await encodingOf("/data", "gzip, zstd;q=0")).toBe("gzip");
    const plain = await get("/page", "identity");
    expect(plain.headers.get("Content-Encoding")).toBeNull();
    expect(await plain.text()).toBe(page);
  });

  test("that are rows come by zstd as they are written, and by gzip for who takes only that", async () => {
    for (const path of ["/data", "/rows"]) expect(await encodingOf(path, "gzip, zstd")).toBe("zstd");
    const answer = await get("/rows", "zstd");
    expect(answer.headers.get("Vary")).toBe("Accept-Encoding");
    const unzipped = answer.body?.pipeThrough(new DecompressionStream("zstd" as CompressionFormat));
    expect(await new Response(unzipped).text()).toBe(page.repeat(3));
    expect(await encodingOf("/rows", "gzip")).toBe("gzip");
    expect(await encodingOf("/sheet", "gzip, zstd")).toBeNull();
  });

  test("that are short, lead elsewhere, or are asked for without a body are left alone", async () => {
    const short = await get("/short", "zstd");
    expect(short.headers.get("Content-Encoding")).toBeNull();
    expect(await short.text()).toBe("<p>bar</p>");
    expect((await get("/away", "zstd")).status).toBe(302);
    expect((await get("/page", "zstd", "HEAD")).headers.get("Content-Encoding")).toBeNull();
  });

  test("that show a secret are compressed by nothing", async () => {
    for (const accepted of ["zstd", "gzip"]) expect(await encodingOf("/secret", accepted)).toBeNull();
  });
});

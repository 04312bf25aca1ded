import { join } from "node:path";
import { parseArgs } from "node:util";

/**
 * A process of its own that serves a market made by market.ts in the vendor's wire format. Answers are packed before it
 * starts, so that serving costs next to nothing: `--encoding identity` unpacks them at the start of each answer.
 */
const { values } = parseArgs({
  options: { folder: { type: "string" }, key: { type: "string" }, encoding: { type: "string", default: "gzip" } },
});
const folder = values.folder ?? ".";
type Lists = Record<"tickers" | "splits" | "dividends", Record<string, unknown>[]>;
const lists = (await Bun.file(join(folder, "lists.json")).json()) as Lists;
const calls: Record<string, number> = {};

const jsonHeaders = { "content-type": "application/json" };
const groupedPath = /^\/v2\/aggs\/grouped\/locale\/us\/market\/stocks\/(\d{4}-\d\d-\d\d)$/;
const listPaths: Record<string, keyof Lists> = {
  "/v3/reference/tickers": "tickers",
  "/stocks/v1/splits": "splits",
  "/stocks/v1/dividends": "dividends",
};

const count = (route: string) => {
  calls[route] = (calls[route] ?? 0) + 1;
};

async function grouped(date: string): Promise<Response> {
  count("grouped");
  const file = Bun.file(join(folder, "grouped", `${date}.json.gz`));
  if (!(await file.exists())) return Response.json({ status: "OK", queryCount: 0, resultsCount: 0, adjusted: false });
  if (values.encoding === "gzip")
    return new Response(file, { headers: { ...jsonHeaders, "content-encoding": "gzip" } });
  return new Response(Bun.gunzipSync(await file.bytes()), { headers: jsonHeaders });
}

function listed(url: URL, name: keyof Lists): Response {
  count(name);
  const offset = Number(url.searchParams.get("cursor") ?? 0);
  const limit = Number(url.searchParams.get("limit") ?? 100);
  const all = url.searchParams.get("active") === "false" ? [] : lists[name];
  const results = all.slice(offset, offset + limit);
  const next = new URL(url);
  next.searchParams.set("cursor", String(offset + limit));
  const more = offset + limit < all.length ? { next_url: next.href } : {};
  return Response.json({
    status: "OK",
    request_id: `bench-${name}-${offset}`,
    count: results.length,
    results,
    ...more,
  });
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === "/calls") return Response.json(calls);
    if (request.headers.get("authorization") !== `Bearer ${values.key}`)
      return Response.json({ status: "ERROR", error: "Unknown API Key" }, { status: 401 });
    const date = groupedPath.exec(url.pathname)?.[1];
    if (date !== undefined) return grouped(date);
    const name = listPaths[url.pathname];
    if (name !== undefined) return listed(url, name);
    return Response.json({ status: "NOT_FOUND", message: "Route not found." }, { status: 404 });
  },
});
process.stdout.write(`http://127.0.0.1:${server.port}\n`);

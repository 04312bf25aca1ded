import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { PermanentError, RetryableError } from "../../jobs/orchestrator/errors.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { createTestApp, fakePipeline } from "./support.ts";

const errorOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string; message: string; field?: string; requestId: string } }).error;

function dashboardWith(path: string, answer: () => Response | Promise<Response>) {
  return new Hono().get(path, answer).post(path, answer);
}

describe("answers", () => {
  test("carry a request id, one's own where it is harmless", async () => {
    const { get } = createTestApp();
    expect((await get("/healthz", { "X-Request-Id": "my-id_1" })).headers.get("X-Request-Id")).toBe("my-id_1");
    const invented = (await get("/healthz", { "X-Request-Id": "a b<script>" })).headers.get("X-Request-Id");
    expect(invented).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each(["/healthz", "/", "/nowhere", "/api/nowhere"])("of %s carry the security headers", async (path) => {
    const { get } = createTestApp({ dashboard: dashboardWith("/", () => new Response("home")) });
    const { headers } = await get(path);
    expect(headers.get("Content-Security-Policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.get("X-Frame-Options")).toBe("DENY");
    // With `no-referrer`, browsers would send `Origin: null` with our own forms.
    expect(headers.get("Referrer-Policy")).toBe("same-origin");
  });

  test("tell browsers how long they took to make", async () => {
    const { get } = createTestApp({ dashboard: dashboardWith("/", () => new Response("home")) });
    expect((await get("/")).headers.get("Server-Timing")).toMatch(/^total;dur=\d+(\.\d+)?;desc="Time to answer"$/);
  });

  test("are compressed where that helps and is asked for", async () => {
    const html = { "Content-Type": "text/html; charset=utf-8" };
    const text = "<p>bar</p>".repeat(500);
    const { get } = createTestApp({ dashboard: dashboardWith("/", () => new Response(text, { headers: html })) });
    const zipped = await get("/", { "Accept-Encoding": "gzip" });
    expect(zipped.headers.get("Content-Encoding")).toBe("gzip");
    const bytes = new Uint8Array(await zipped.arrayBuffer());
    expect(bytes.length).toBeLessThan(500);
    expect(new TextDecoder().decode(Bun.gunzipSync(bytes))).toBe(text);
    expect((await get("/")).headers.get("Content-Encoding")).toBeNull();
  });

  test("show no text that cannot be seen, and are else as they were", async () => {
    const unseen = "\u0000\u001b\u007f\u0085\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069";
    const dashboard = new Hono()
      .get("/page", (c) => c.html(`<p>a${unseen}b\tc\r\n\u05d0 é 🦊</p>`, 409))
      .get("/text", (c) => c.text(unseen));
    const { get } = createTestApp({ dashboard });
    const page = await get("/page");
    expect(page.status).toBe(409);
    expect(page.headers.get("Content-Type")).toBe("text/html; charset=UTF-8");
    expect(await page.text()).toBe("<p>ab\tc\r\n\u05d0 é 🦊</p>");
    // What is no page is for programs.
    expect(await (await get("/text")).text()).toBe(unseen);
    // Of an error too, which tells what was asked for.
    expect(await (await get(`/${encodeURIComponent("\u202e")}`)).text()).not.toContain("\u202e");
  });

  test("are logged with their duration, polls and assets quietly, without the query", async () => {
    const { get, logged } = createTestApp({ dashboard: dashboardWith("/runs", () => new Response("runs")) });
    await get("/runs?search=private");
    await get("/runs", { "HX-Request": "true" });
    await get("/assets/nothing.js");
    expect(logged.map(({ level, msg, path, status }) => ({ level, msg, path, status }))).toEqual([
      { level: "info", msg: "request", path: "/runs", status: 200 },
      { level: "debug", msg: "request", path: "/runs", status: 200 },
      { level: "debug", msg: "request", path: "/assets/nothing.js", status: 404 },
    ]);
    expect(logged[0]?.durationMs).toBeNumber();
    expect(JSON.stringify(logged)).not.toContain("private");
  });
});

describe("errors", () => {
  test("of an unknown route are JSON for the API and a page for people", async () => {
    const { get } = createTestApp();
    const api = await get("/api/nowhere");
    expect(api.status).toBe(404);
    expect(await errorOf(api)).toMatchObject({ code: "not_found", requestId: api.headers.get("X-Request-Id") });
    const page = await get("/nowhere");
    expect(page.status).toBe(404);
    expect(page.headers.get("Content-Type")).toContain("text/html");
    const html = await page.text();
    expect(html).toStartWith("<!doctype html><html");
    expect(html).toContain(page.headers.get("X-Request-Id") ?? "?");
  });

  test("of an unknown kind are logged and answered without their message", async () => {
    const fail = () => Promise.reject(new Error("secret detail"));
    const { get, send, logged } = createTestApp({
      dashboard: dashboardWith("/broken", fail),
      pipeline: fakePipeline({ createRun: fail }),
    });
    const page = await get("/broken");
    expect(page.status).toBe(500);
    expect(await page.text()).not.toContain("secret detail");
    const api = await send("POST", "/api/jobs/stocks_polygon_ingest/runs", {});
    expect(api.status).toBe(500);
    expect(await errorOf(api)).toEqual({
      code: "internal",
      message: "Something went wrong here. The log has the details under this request id.",
      requestId: api.headers.get("X-Request-Id") ?? "?",
    });
    const failures = logged.filter(({ msg }) => msg === "request failed");
    expect(failures.map(({ level }) => level)).toEqual(["error", "error"]);
    expect(failures[1]).toMatchObject({ requestId: api.headers.get("X-Request-Id") ?? "?" });
    expect(JSON.stringify(failures[1])).toContain("secret detail");
  });

  const known: [name: string, error: Error, status: number, code: string][] = [
    ["a lost database", Object.assign(new Error("gone"), { code: "ECONNREFUSED" }), 503, "database_unavailable"],
    ["a full disk", Object.assign(new Error("full"), { code: "53100" }), 503, "database_unavailable"],
    ["a query past its time", Object.assign(new Error("slow"), { code: "57014" }), 503, "too_slow"],
    ["a market that does not answer", new RetryableError("The market does not answer."), 503, "try_again"],
    ["a plan that cannot be", new PermanentError("Not so.", { advice: "Do it otherwise." }), 422, "invalid"],
    ["nothing there", new RequestError("not_found", "No such run."), 404, "not_found"],
    ["a run that is active", new RequestError("conflict", "It is running."), 409, "conflict"],
    ["a wrong field", new RequestError("invalid", "Too early.", "from"), 422, "invalid"],
  ];
  test.each(known)("for %s say what it means", async (_name, error, status, code) => {
    const pipeline = fakePipeline({ createRun: () => Promise.reject(error) });
    const { send } = createTestApp({ pipeline });
    const response = await send("POST", "/api/jobs/stocks_polygon_ingest/runs", {});
    expect(response.status).toBe(status);
    expect((await errorOf(response)).code).toBe(code);
  });

  test("keep the field, and an advice, of those who made them", async () => {
    const errors = [new RequestError("invalid", "Too early.", "from"), new PermanentError("No.", { advice: "Do so." })];
    const pipeline = fakePipeline({ createRun: () => Promise.reject(errors.shift()) });
    const { send } = createTestApp({ pipeline });
    const first = await errorOf(await send("POST", "/api/jobs/stocks_polygon_ingest/runs", {}));
    expect(first).toMatchObject({ field: "from", message: "Too early." });
    const second = await errorOf(await send("POST", "/api/jobs/stocks_polygon_ingest/runs", {}));
    expect(second.message).toBe("No. Do so.");
  });

  test("for a wrong method name the right ones", async () => {
    const { send, get } = createTestApp();
    const response = await send("DELETE", "/api/runs/4");
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe("GET, HEAD");
    expect((await errorOf(response)).code).toBe("method_not_allowed");
    expect((await get("/api/runs/4/retry")).status).toBe(405);
  });

  test("refuse a body past the limit, however it is sent", async () => {
    const { send, app } = createTestApp();
    const large = JSON.stringify({ session: "x".repeat(300_000) });
    const path = "/api/jobs/stocks_polygon_ingest/runs";
    const declared = await send("POST", path, large, { "Content-Length": String(large.length) });
    expect(declared.status).toBe(413);
    expect((await errorOf(declared)).code).toBe("too_large");
    const body = new Blob([large]).stream();
    const streamed = await app.request(`http://localhost${path}`, { method: "POST", body });
    expect(streamed.status).toBe(413);
  });
});

describe("the host check", () => {
  const ask = (host: string, environment = {}) => createTestApp({ environment }).get("/healthz", { Host: host });

  test.each(["localhost", "localhost:3000", "127.0.0.1:80", "127.8.9.10", "[::1]:3000", "LOCALHOST:1"])(
    "lets %s in",
    async (host) => {
      expect((await ask(host)).status).toBe(200);
    },
  );

  test.each(["evil.example", "localhost.evil.example:3000", "127.0.0.1.evil.example", "[::2]:3000", "10.0.0.1", ""])(
    "refuses %p, which may be a rebound name",
    async (host) => {
      const response = await ask(host);
      expect(response.status).toBe(403);
      expect((await errorOf(response)).code).toBe("forbidden_host");
    },
  );

  test("refuses a request without a host, as HTTP/1.0 allows it", async () => {
    const { app } = createTestApp();
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: app.fetch });
    const answer = Promise.withResolvers<string>();
    try {
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: server.port ?? 0,
        socket: {
          data: (_socket, bytes) => answer.resolve(bytes.toString()),
          error: (_socket, error) => answer.reject(error),
        },
      });
      socket.write("GET /healthz HTTP/1.0\r\n\r\n");
      expect(await answer.promise).toStartWith("HTTP/1.1 403");
      socket.end();
    } finally {
      await server.stop(true);
    }
  });

  test("is not needed behind a password", async () => {
    expect((await ask("barline.example", { ADMIN_PASSWORD: "long enough" })).status).toBe(200);
  });
});

describe("requests that change something", () => {
  const post = (headers: Record<string, string>) => {
    let calls = 0;
    const dashboard = new Hono().post("/jobs/pause", (c) => {
      calls += 1;
      return c.text("paused");
    });
    const { send } = createTestApp({ dashboard });
    return send("POST", "/jobs/pause", "{}", headers).then((response) => ({ status: response.status, calls }));
  };
  const types = ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""];

  test.each(types)("are refused from another site, as %p", async (type) => {
    const refused = { status: 403, calls: 0 };
    const header = { "Content-Type": type };
    expect(await post({ ...header, Origin: "https://evil.example" })).toEqual(refused);
    expect(await post({ ...header, Origin: "null" })).toEqual(refused);
    expect(await post({ ...header, "Sec-Fetch-Site": "cross-site" })).toEqual(refused);
    expect(await post({ ...header, "Sec-Fetch-Site": "same-site", Origin: "http://localhost:3000" })).toEqual(refused);
  });

  test("are refused from another port of this machine", async () => {
    expect((await post({ Host: "localhost:3000", Origin: "http://localhost:4000" })).status).toBe(403);
  });

  test("pass from our own pages, also behind a proxy that ends TLS", async () => {
    expect((await post({ "Sec-Fetch-Site": "same-origin" })).status).toBe(200);
    expect((await post({ Host: "localhost:3000", Origin: "http://localhost:3000" })).status).toBe(200);
    expect((await post({ Host: "localhost", Origin: "https://localhost" })).status).toBe(200);
  });

  test("pass from programs, which send neither header", async () => {
    expect(await post({})).toEqual({ status: 200, calls: 1 });
  });
});

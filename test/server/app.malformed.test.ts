import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { createAssetRoutes, createDashboardRoutes } from "../../server/pages.ts";
import { until } from "../support/until.ts";
import { fakeJobs, fakePipeline } from "./fake-pipeline.ts";
import { type AccessHarness, openAccess, password, sessionOf } from "./http/access.ts";
import { type RawServer, serveRaw } from "./http/raw-requests.ts";
import { createTestApp, type TestApp } from "./support.ts";

let access: AccessHarness;
/** The whole app with every page and call it has, behind a password. */
let opened: TestApp;
let session: string;
let writes: { method: string; path: string }[];

beforeAll(async () => {
  access = await openAccess();
  opened = createTestApp({
    environment: { HOST: "0.0.0.0", ADMIN_PASSWORD: password },
    access: access.sql,
    read: access.sql,
    pipeline: fakePipeline(fakeJobs("2026-02-20", "2026-02-27")).pipeline,
    dashboard: createDashboardRoutes,
    assets: await createAssetRoutes(),
  });
  session = await sessionOf(opened);
  writes = opened.app.routes
    .filter(({ method }) => method !== "ALL" && method !== "GET")
    .map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+(\{[^}]*\})?\??/g, "1") }));
}, 60_000);
afterAll(() => access.drop());

const multipart = "multipart/form-data";
const forms: [type: string, body: string][] = [
  [multipart, ""],
  [multipart, "x"],
  [`${multipart}; boundary=`, "--x"],
  [`${multipart}; boundary=x`, "--y"],
  [`${multipart}; boundary=x`, "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"],
  ["application/json", '{"a":'],
];

describe("a malformed body", () => {
  test.each(forms)("as %s %p is 400 at every route that takes one", async (type, body) => {
    for (const { method, path } of writes) {
      // No body at all is no faulty one.
      if (body === "" && path.startsWith("/api/")) continue;
      const headers = { Cookie: session, "Content-Type": type };
      const response = await opened.app.request(path, { method, headers, body });
      expect({ method, path, status: response.status }).toEqual({ method, path, status: 400 });
    }
    expect(opened.logged.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("is 400 at the sign-in too, for who has not signed in", async () => {
    for (const [type, body] of forms) {
      const response = await opened.app.request("/sign-in", {
        method: "POST",
        headers: { "Content-Type": type },
        body,
      });
      expect(response.status).toBe(400);
      expect(response.headers.get("Content-Type")).toStartWith("text/html");
    }
  });

  test("of a form says so as JSON nowhere but in the API, where what counts is the body", async () => {
    const headers = { Cookie: session, "Content-Type": multipart };
    const response = await opened.app.request("/api/backtests", { method: "POST", headers, body: "--x" });
    expect(await response.json()).toMatchObject({ error: { code: "malformed", message: "The body is not JSON." } });
  });
});

describe("an address that is none", () => {
  const app = createTestApp({
    dashboard: new Hono().get("/", (c) => c.text("home")).get("/found/:name", (c) => c.text(c.req.param("name"))),
  });
  let server: RawServer;
  beforeAll(() => {
    server = serveRaw(app);
  });
  afterAll(() => server.stop());
  const statusOf = async (path: string, host = "localhost", headers = "") =>
    (await server.ask(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`)).split(" ")[1];

  test.each([
    "localhost:99999",
    "[::1",
    "[::g]",
    "[1]",
    "local host",
    "%00",
    "localhost%00",
    "a\tb",
    "localhost:x",
    "[::1]:x",
    "localhost:3000:4000",
    "localhost@evil.example",
  ])("is refused as the host %p", async (host) => {
    expect(await statusOf("/", host)).toBe("400");
  });

  test.each(["/%00", "/found/a%00b", "/?a=%00", "/?%00=1", "/found/%00?x"])(
    "is refused as the path %s",
    async (path) => {
      expect(await statusOf(path)).toBe("400");
      // Written as a whole, as a proxy is asked.
      expect(await statusOf(`http://localhost${path}`)).toBe("400");
    },
  );

  test("is refused in a header, as a byte or encoded", async () => {
    expect(await statusOf("/", "localhost", "X-Name: a\0b\r\n")).toBe("400");
    expect(await statusOf("/", "localhost", "HX-Current-URL: http://localhost/%00\r\n")).toBe("400");
    expect(await statusOf("/", "localhost", "Cookie: barline_session=%00\r\n")).toBe("200");
  });

  test.each(["localhost", "localhost:3000", "127.0.0.1:65535", "[::1]:3000", "LOCALHOST"])(
    "is not meant by %s",
    async (host) => {
      expect(await statusOf("/", host)).toBe("200");
    },
  );

  test.each(["/found/100%", "/found/%ff", "/found/%2500", "/?a=%zz"])("is not meant by %s", async (path) => {
    expect(await statusOf(path)).toBe("200");
  });
});

describe("a client that goes away", () => {
  const app = createTestApp({
    dashboard: new Hono()
      .post("/form", (c) => c.text("read"))
      .get("/slow", async (c) => {
        const { signal } = c.req.raw;
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        return c.text("never");
      }),
  });

  test("is no error in the log, waiting for an answer or sending half a body", async () => {
    const server = serveRaw(app);
    const requests = ["GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"];
    for (const type of ["application/x-www-form-urlencoded", `${multipart}; boundary=x`]) {
      for (const rest of ["Content-Length: 1000\r\n\r\na=1", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"]) {
        requests.push(`POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\n${rest}`);
      }
    }
    const lines = () => app.logged.filter(({ msg }) => msg === "request");
    try {
      for (const request of requests) await server.leave(request);
      // The last line that each of them writes.
      await until("every request has ended", () => lines().length === requests.length);
    } finally {
      await server.stop();
    }
    expect(app.logged.filter(({ level }) => level === "error" || level === "warn")).toEqual([]);
  });
});

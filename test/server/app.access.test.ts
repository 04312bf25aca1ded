import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { createHousekeeping } from "../../jobs/housekeeping/housekeeping.ts";
import { openLake } from "../../jobs/lake/open.ts";
import { createAssetRoutes, createDashboardRoutes } from "../../server/pages.ts";
import { type Asked, fakeJobs, fakePipeline } from "./fake-pipeline.ts";
import { type AccessHarness, askFrom, form, openAccess, password, sessionOf } from "./http/access.ts";
import { createTestApp, type TestApp } from "./support.ts";

const viewerPassword = "only to look at";
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

let access: AccessHarness;
/** The whole app with every page and call it has, behind both passwords. */
let opened: TestApp;
let asked: Asked;

beforeAll(async () => {
  access = await openAccess();
  await access.adopt(password, viewerPassword);
  const lake = openLake({ kind: "folder", root: join(tmpdir(), "barline-no-lake"), bucket: "test" });
  const fake = fakePipeline(fakeJobs("2026-02-20", "2026-02-27"));
  asked = fake.asked;
  opened = createTestApp({
    environment: { HOST: "0.0.0.0", ADMIN_PASSWORD: password, VIEWER_PASSWORD: viewerPassword },
    access: access.sql,
    read: access.sql,
    pipeline: fake.pipeline,
    housekeeping: createHousekeeping({ sql: access.sql, lake, log: pino({ level: "silent" }), now: () => new Date() }),
    dashboard: createDashboardRoutes,
    assets: await createAssetRoutes(),
  });
}, 60_000);
afterAll(() => access.drop());
beforeEach(async () => {
  await access.sql`delete from barline.api_tokens`;
});

const admin = bearer(password);
const errorOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;

/** Makes a token by the API. */
async function tokenOf(scope: "read" | "operate", name = `to ${scope}`): Promise<string> {
  const response = await opened.send("POST", "/api/tokens", { name, scope }, admin);
  expect(response.status).toBe(201);
  return ((await response.json()) as { token: string }).token;
}

/** Every route but those of signing in and out, each parameter with a value that could be meant. */
const routes = () =>
  opened.app.routes
    .filter(({ method, path }) => method !== "ALL" && !path.startsWith("/sign-"))
    .map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+(\{[^}]*\})?\??/g, "1") }));

describe("who may only look", () => {
  const looking: [who: string, headers: () => Promise<Record<string, string>>][] = [
    ["signed in with VIEWER_PASSWORD", async () => ({ Cookie: await sessionOf(opened, { password: viewerPassword }) })],
    ["sends VIEWER_PASSWORD", async () => bearer(viewerPassword)],
    ["sends a token of scope read", async () => bearer(await tokenOf("read"))],
  ];

  test.each(looking)("who %s is let in everywhere and changes nothing", async (_who, headersOf) => {
    const headers = await headersOf();
    const before = (await access.actions()).length;
    for (const { method, path } of routes()) {
      const response = await opened.app.request(path, { method, headers });
      // What a backtest is asked with is its body, and nothing of it is kept.
      const isComputing = path === "/api/backtests" || path === "/api/backtests/tear-sheet";
      // The SQL console is off for them where nothing else was said.
      const isRefused =
        (method !== "GET" && !isComputing) || /^\/api\/(tokens|database-logins)$|^(\/api)?\/sql/.test(path);
      expect({ method, path, isRefused: response.status === 403 }).toEqual({ method, path, isRefused });
      expect(response.status).not.toBe(401);
      expect(response.headers.get("Location") ?? "").not.toStartWith("/sign-in");
    }
    // Methods that no route has are no way around.
    for (const method of ["PUT", "DELETE", "PATCH", "POST", "PROPFIND"]) {
      expect((await opened.app.request("/api/status", { method, headers })).status).toBe(403);
    }
    for (const method of ["PUT", "DELETE", "PATCH"]) {
      expect((await opened.app.request("/api/backtests", { method, headers })).status).toBe(403);
    }
    expect(asked).toEqual([]);
    expect((await access.actions()).length).toBe(before);
  });

  test("is told so in a plain sentence, on a page and in the API", async () => {
    const headers = bearer(viewerPassword);
    const api = await opened.send("POST", "/api/jobs/stocks_polygon_ingest/runs", {}, headers);
    expect(await api.json()).toMatchObject({
      error: { code: "read_only", message: "You may see everything here and change nothing." },
    });
    const page = await opened.app.request("/runs/1/retry", { method: "POST", headers });
    expect(await page.text()).toContain("You may see everything here and change nothing.");
  });

  test("runs backtests by the API as on the page, and nobody keeps them", async () => {
    const headers = bearer(viewerPassword);
    const run = { ticker: "NONE", strategy: "buy_and_hold" };
    const api = await opened.send("POST", "/api/backtests", run, headers);
    const page = await opened.get(`/backtest?${new URLSearchParams(run)}`, headers);
    expect([await errorOf(api), page.status]).toEqual(["not_found", 200]);
    expect((await opened.send("POST", "/api/scenarios", { name: "mine", request: run }, headers)).status).toBe(403);
  });

  test("reads on every page that nothing can be changed, and the admin does not", async () => {
    const viewer = { Cookie: await sessionOf(opened, { password: viewerPassword }) };
    const person = { Cookie: await sessionOf(opened) };
    for (const path of ["/", "/system", "/backfills", "/activity"]) {
      expect(await (await opened.get(path, viewer)).text()).toContain('<body class="looks-only">');
      expect(await (await opened.get(path, person)).text()).not.toContain("looks-only");
    }
  });

  test("signs out as everybody does, and is called viewer where no name was given", async () => {
    const session = await sessionOf(opened, { password: viewerPassword });
    const response = await opened.send("POST", "/sign-out", "", { ...form, Cookie: session });
    expect(response.headers.get("Location")).toBe("/sign-in");
    expect((await opened.get("/", { Cookie: session })).status).toBe(303);
    expect((await access.actions()).at(-1)).toMatchObject({ actor: "viewer", kind: "access.sign_out" });
  });
});

describe("the viewers' password", () => {
  test("signs its own people out where it is changed or taken away, and nobody else", async () => {
    const viewer = await sessionOf(opened, { password: viewerPassword });
    const person = await sessionOf(opened);
    await access.adopt(password, "another to look at");
    expect((await opened.get("/activity", { Cookie: viewer })).status).toBe(303);
    expect((await opened.get("/activity", bearer(viewerPassword))).status).toBe(303);
    const another = await sessionOf(opened, { password: "another to look at" });
    await access.adopt(password);
    expect((await opened.get("/activity", { Cookie: another })).status).toBe(303);
    expect((await opened.get("/activity", { Cookie: person })).status).toBe(200);
    await access.adopt(password, viewerPassword);
  });

  test("may not be the admin's, whichever of them is given as a hash", async () => {
    const hash = await Bun.password.hash(password, { algorithm: "argon2id", memoryCost: 64, timeCost: 2 });
    for (const [adminGiven, viewerGiven] of [
      [password, hash],
      [hash, password],
      [hash, hash],
    ] as const) {
      expect(access.adopt(adminGiven, viewerGiven)).rejects.toThrow("VIEWER_PASSWORD is the same as ADMIN_PASSWORD");
    }
    expect(access.adopt(password, "$argon2id$v=19$m=1,t=1,p=1$bad$bad")).rejects.toThrow(
      "VIEWER_PASSWORD is set to a hash",
    );
    expect((await opened.get("/api/openapi.json", admin)).status).toBe(200);
  });
});

describe("an API token", () => {
  test("is shown once, kept as a hash, and listed without it", async () => {
    const token = await tokenOf("operate", "nightly notebook");
    expect(token).toMatch(/^barline_[A-Za-z0-9_-]{43}$/);
    const listed = await (await opened.get("/api/tokens", admin)).json();
    expect(listed).toEqual([
      {
        id: expect.any(Number),
        name: "nightly notebook",
        scope: "operate",
        createdBy: "API token",
        createdAt: "2026-03-02T15:00:00.000Z",
        lastUsedAt: null,
      },
    ]);
    const page = await (await opened.get("/system", { Cookie: await sessionOf(opened) })).text();
    expect(page).toContain("nightly notebook");
    const [row] = await access.sql`select token_hash from barline.api_tokens`;
    for (const told of [JSON.stringify([row, opened.logged, await access.actions()]), page])
      expect(told).not.toContain(token);
    expect((await opened.get("/api/openapi.json", bearer(`barline_${row?.token_hash}`))).status).toBe(401);
  });

  test("operates under its name, and lets nobody else in", async () => {
    const operate = bearer(await tokenOf("operate", "nightly <b>notebook"));
    const id = "stocks_polygon_ingest";
    expect((await opened.app.request("/runs/1/cancel", { method: "POST", headers: operate })).status).toBe(303);
    expect(asked.splice(0)).toEqual([{ call: "cancelRun", argument: 1 }]);
    expect((await opened.send("PATCH", `/api/jobs/${id}`, { paused: true }, operate)).status).not.toBe(403);
    asked.splice(0);
    for (const [method, path] of [
      ["GET", "/api/tokens"],
      ["POST", "/api/tokens"],
      ["DELETE", "/api/tokens/1"],
      ["GET", "/api/database-logins"],
      ["POST", "/api/database-logins"],
      ["DELETE", "/api/database-logins/1"],
    ] as const) {
      const scope = path === "/api/tokens" && { scope: "operate" };
      const body = method === "POST" ? { name: "mine", ...scope } : undefined;
      const response = await opened.app.request(path, {
        method,
        headers: operate,
        ...(body && { body: JSON.stringify(body) }),
      });
      expect({ path, code: await errorOf(response) }).toEqual({ path, code: "admin_only" });
    }
    for (const path of ["/system/tokens", "/system/tokens/1/revoke", "/about/logins", "/about/logins/1/revoke"]) {
      expect((await opened.app.request(path, { method: "POST", headers: operate })).status).toBe(403);
    }
    await opened.send("POST", "/api/sign-ins/end", {}, operate);
    expect((await access.actions()).at(-1)).toMatchObject({ actor: "nightly <b>notebook", via: "token" });
    const page = await (await opened.get("/activity", operate)).text();
    expect(page).toContain("nightly &lt;b&gt;notebook");
    expect(page).toContain("via token");
  });

  test("is let in no more once it is revoked, in no process", async () => {
    const token = bearer(await tokenOf("read", "once"));
    const [{ id } = { id: 0 }] = (await (await opened.get("/api/tokens", admin)).json()) as { id: number }[];
    expect((await opened.get("/api/openapi.json", token)).status).toBe(200);
    expect((await opened.send("DELETE", `/api/tokens/${id}`, undefined, admin)).status).toBe(200);
    expect((await opened.get("/api/openapi.json", token)).status).toBe(401);
    expect(await errorOf(await opened.send("DELETE", `/api/tokens/${id}`, undefined, admin))).toBe("not_found");
    expect((await access.actions()).slice(-1)).toMatchObject([{ kind: "token.revoke", details: { name: "once" } }]);
  });

  test("notes when it was used, at most once a minute", async () => {
    const token = bearer(await tokenOf("read"));
    const lastUsed = async () =>
      ((await (await opened.get("/api/tokens", admin)).json()) as { lastUsedAt: string }[])[0]?.lastUsedAt;
    await opened.get("/api/openapi.json", token);
    expect(await lastUsed()).toBe("2026-03-02T15:00:00.000Z");
    const start = opened.clock.now;
    opened.clock.now = new Date(start.getTime() + 59_999);
    await opened.get("/api/openapi.json", token);
    expect(await lastUsed()).toBe("2026-03-02T15:00:00.000Z");
    opened.clock.now = new Date(start.getTime() + 60_000);
    await opened.get("/api/openapi.json", token);
    expect(await lastUsed()).toBe("2026-03-02T15:01:00.000Z");
    opened.clock.now = start;
  });

  test("that is right is let in whatever others tried, and one that is wrong blocks nobody", async () => {
    const token = await tokenOf("read");
    const from = (given: string) => askFrom(opened, "192.0.2.7", "/api/openapi.json", { headers: bearer(given) });
    for (let i = 0; i < 12; i++) expect((await from(`barline_${String(i).padStart(43, "x")}`)).status).toBe(401);
    expect((await from(password)).status).toBe(200);
    for (let i = 0; i < 10; i++) await from(`guess ${i}`);
    expect((await from(password)).status).toBe(429);
    expect((await from(token)).status).toBe(200);
  });

  test("has a name of its own that can be read, and a scope", async () => {
    await tokenOf("read", "once");
    const refusals: [body: object, status: number][] = [
      [{ name: "once", scope: "read" }, 409],
      [{ name: " once ", scope: "read" }, 409],
      [{ name: " ", scope: "read" }, 422],
      [{ name: "a\u202eb", scope: "read" }, 422],
      [{ name: "x".repeat(61), scope: "read" }, 422],
      [{ name: "other", scope: "admin" }, 422],
      [{ name: "other" }, 422],
    ];
    for (const [body, status] of refusals) {
      expect({ body, status: (await opened.send("POST", "/api/tokens", body, admin)).status }).toEqual({
        body,
        status,
      });
    }
    expect((await opened.send("POST", "/api/tokens", { name: "🦊".repeat(60), scope: "read" }, admin)).status).toBe(
      201,
    );
  });

  test("is made and revoked on /system, where it is shown once", async () => {
    const cookie = { Cookie: await sessionOf(opened, { name: "Ada" }) };
    const post = (path: string, fields: Record<string, string> = {}) =>
      opened.send("POST", path, new URLSearchParams(fields).toString(), { ...form, ...cookie });
    const made = await post("/system/tokens", { name: "<i>notebook", scope: "read" });
    expect(made.status).toBe(201);
    expect(made.headers.get("Cache-Control")).toBe("no-store, no-transform");
    const html = await made.text();
    const token = /barline_[A-Za-z0-9_-]{43}/.exec(html)?.[0] ?? "";
    expect(html).toContain("&lt;i&gt;notebook");
    expect((await opened.get("/api/openapi.json", bearer(token))).status).toBe(200);
    const again = await post("/system/tokens", { name: "<i>notebook", scope: "read" });
    expect(again.status).toBe(409);
    expect(await again.text()).toContain('id="token-name-error"');
    expect((await post("/system/tokens", { name: "other", scope: "all" })).status).toBe(422);
    const page = await (await opened.get("/system", cookie)).text();
    const action = /\/system\/tokens\/\d+\/revoke/.exec(page)?.[0] ?? "";
    expect((await post(action)).headers.get("Location")).toBe("/system#tokens");
    expect((await opened.get("/api/openapi.json", bearer(token))).status).toBe(401);
    expect((await access.actions()).slice(-2)).toMatchObject([
      { actor: "Ada", kind: "token.create", details: { name: "<i>notebook", scope: "read" } },
      { actor: "Ada", kind: "token.revoke" },
    ]);
  });

  test("is not asked for where there is no password", async () => {
    const app = createTestApp();
    expect(await (await app.get("/api/tokens")).json()).toEqual([]);
    expect(await errorOf(await app.send("POST", "/api/tokens", { name: "x", scope: "read" }))).toBe("conflict");
  });
});

describe("the session's cookie", () => {
  const cookieOf = async (app: TestApp, headers: Record<string, string>, address = "10.0.0.1") => {
    const init = {
      method: "POST",
      headers: { ...form, ...headers },
      body: new URLSearchParams({ password }).toString(),
    };
    return (await askFrom(app, address, "/sign-in", init)).headers.get("Set-Cookie") ?? "";
  };
  const tls = { "X-Forwarded-Proto": "https" };

  test("has the __Host- name behind TLS, and only by that is one let in there", async () => {
    const app = access.guarded({ TRUSTED_PROXIES: "10.0.0.0/8" });
    const cookie = await cookieOf(app, tls);
    expect(cookie).toMatch(/^__Host-barline_session=[^;]+; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const session = cookie.split(";")[0] ?? "";
    const status = async (headers: Record<string, string>) => (await askFrom(app, "10.0.0.1", "/", { headers })).status;
    expect(await status({ ...tls, Cookie: session })).toBe(200);
    expect(await status({ ...tls, Cookie: session.replace("__Host-", "") })).toBe(303);
    const out = await askFrom(app, "10.0.0.1", "/sign-out", { method: "POST", headers: { ...tls, Cookie: session } });
    expect(out.headers.get("Set-Cookie")).toStartWith("__Host-barline_session=; Max-Age=0");
    expect(out.headers.get("Set-Cookie")).toContain("Secure");
    expect(await cookieOf(app, {})).toStartWith("barline_session=");
  });

  test("has it too where PUBLIC_URL says TLS and is how one asks, and the proxy says nothing", async () => {
    const app = access.guarded({ PUBLIC_URL: "https://barline.example" });
    expect(await cookieOf(app, { Host: "barline.example" })).toStartWith("__Host-");
    expect(await cookieOf(app, { Host: "localhost:3000" })).toStartWith("barline_session=");
    expect(await cookieOf(app, { Host: "barline.example", "X-Forwarded-Proto": "http" })).toStartWith(
      "barline_session=",
    );
  });
});

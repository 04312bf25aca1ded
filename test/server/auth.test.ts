import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { safeNextPath } from "../../server/middleware/next-path.ts";
import { createTestApp, type TestApp } from "./support.ts";

const password = "correct horse battery";
const form = { "Content-Type": "application/x-www-form-urlencoded" };

function guarded(): TestApp {
  const dashboard = new Hono().get("/", (c) => c.text("home")).get("/jobs/:id", (c) => c.text("a job"));
  const assets = new Hono().get("/assets/styles.css", (c) => c.text("css"));
  return createTestApp({ environment: { HOST: "0.0.0.0", ADMIN_PASSWORD: password }, dashboard, assets });
}

const signIn = ({ send }: TestApp, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  send("POST", "/sign-in", new URLSearchParams(fields).toString(), { ...form, ...headers });

async function sessionOf(app: TestApp): Promise<string> {
  const cookie = (await signIn(app, { password })).headers.get("Set-Cookie") ?? "";
  return cookie.split(";")[0] ?? "";
}

describe("without a session", () => {
  test("pages lead to the sign-in page and back", async () => {
    const { get } = guarded();
    expect((await get("/")).headers.get("Location")).toBe("/sign-in");
    const response = await get("/jobs/x?state=failed");
    expect(response.status).toBe(303);
    expect(response.headers.get("Location")).toBe("/sign-in?next=%2Fjobs%2Fx%3Fstate%3Dfailed");
  });

  test("fragments make htmx leave the page instead of swapping the form into it", async () => {
    const response = await guarded().get("/jobs/x", {
      "HX-Request": "true",
      "HX-Current-URL": "http://localhost:3000/jobs/y?tab=runs",
    });
    expect(response.status).toBe(401);
    expect(response.headers.get("HX-Redirect")).toBe("/sign-in?next=%2Fjobs%2Fy%3Ftab%3Druns");
    expect(await response.text()).toBe("");
  });

  test.each(["/api/status", "/api/openapi.json", "/api/nowhere"])("%s is a JSON 401", async (path) => {
    const response = await guarded().get(path);
    expect(response.status).toBe(401);
    expect(response.headers.get("WWW-Authenticate")).toStartWith("Bearer");
    expect(await response.json()).toMatchObject({ error: { code: "unauthorized" } });
  });

  test.each(["/healthz", "/readyz", "/sign-in", "/assets/styles.css"])("%s is open", async (path) => {
    expect((await guarded().get(path)).status).toBe(200);
  });

  test.each(["/assets/../jobs/x", "/assets/%2e%2e/jobs/x", "//jobs/x", "/Healthz", "/sign-in/x"])(
    "%s is no way around",
    async (path) => {
      const response = await guarded().get(path);
      expect(response.status).toBe(303);
    },
  );
});

describe("signing in", () => {
  test("sets a cookie that opens the pages and the API's paths", async () => {
    const app = guarded();
    const response = await signIn(app, { password, next: "/jobs/x" });
    expect(response.status).toBe(303);
    expect(response.headers.get("Location")).toBe("/jobs/x");
    const cookie = response.headers.get("Set-Cookie") ?? "";
    expect(cookie).toContain("HttpOnly");
    expect(cookie).toContain("SameSite=Lax");
    expect(cookie).toContain("Max-Age=604800");
    expect(cookie).not.toContain("Secure");
    const session = cookie.split(";")[0] ?? "";
    expect(await (await app.get("/", { Cookie: session })).text()).toBe("home");
    expect((await app.get("/api/openapi.json", { Cookie: session })).status).toBe(200);
  });

  test("sets a Secure cookie behind TLS", async () => {
    const response = await signIn(guarded(), { password }, { "X-Forwarded-Proto": "https" });
    expect(response.headers.get("Set-Cookie")).toContain("Secure");
  });

  test("says what is wrong with a wrong password, and keeps where to go", async () => {
    const response = await signIn(guarded(), { password: "wrong", next: "/jobs/x" });
    expect(response.status).toBe(401);
    expect(response.headers.get("Set-Cookie")).toBeNull();
    const html = await response.text();
    expect(html).toStartWith("<!doctype html><html");
    expect(html).toContain("That is not the password.");
    expect(html).toContain('value="/jobs/x"');
  });

  test("never leads to another site", async () => {
    const app = guarded();
    expect((await signIn(app, { password, next: "//evil.example" })).headers.get("Location")).toBe("/");
    const html = await (await app.get('/sign-in?next=/"><script>alert(1)</script>')).text();
    expect(html).not.toContain("<script>alert");
  });

  test("from another site is refused", async () => {
    expect((await signIn(guarded(), { password }, { Origin: "https://evil.example" })).status).toBe(403);
  });

  test("is blocked for a while after ten failures, also with the right password", async () => {
    const app = guarded();
    for (let i = 0; i < 10; i++) expect((await signIn(app, { password: `guess ${i}` })).status).toBe(401);
    const blocked = await signIn(app, { password });
    expect(blocked.status).toBe(429);
    expect(blocked.headers.get("Retry-After")).toBe("600");
    expect((await app.get("/api/openapi.json", { Authorization: `Bearer ${password}` })).status).toBe(429);
    app.clock.now = new Date(app.clock.now.getTime() + 600_000);
    expect((await signIn(app, { password })).status).toBe(303);
  });

  test("does not happen where there is no password", async () => {
    const app = createTestApp();
    expect((await app.get("/sign-in")).headers.get("Location")).toBe("/");
    expect((await signIn(app, { password: "x" })).headers.get("Set-Cookie")).toBeNull();
  });
});

describe("a session", () => {
  test("ends when its person signs out, also for a copy of the cookie", async () => {
    const app = guarded();
    const session = await sessionOf(app);
    const response = await app.send("POST", "/sign-out", "", { ...form, Cookie: session });
    expect(response.headers.get("Location")).toBe("/sign-in");
    expect(response.headers.get("Set-Cookie")).toContain("Max-Age=0");
    expect((await app.get("/", { Cookie: session })).status).toBe(303);
  });

  test("ends after a week", async () => {
    const app = guarded();
    const session = await sessionOf(app);
    app.clock.now = new Date(app.clock.now.getTime() + 7 * 86_400_000 - 1);
    expect((await app.get("/", { Cookie: session })).status).toBe(200);
    app.clock.now = new Date(app.clock.now.getTime() + 1);
    expect((await app.get("/", { Cookie: session })).status).toBe(303);
  });

  test("cannot be forged, prolonged, or brought from another process", async () => {
    const app = guarded();
    const [id, expires, signature] = (await sessionOf(app)).replace("barline_session=", "").split(".");
    const forgeries = [
      "",
      "..",
      `${id}.${expires}`,
      `${id}.${expires}.`,
      `${id}.${Number(expires) + 1}.${signature}`,
      `x${id}.${expires}.${signature}`,
      `${id}.${expires}.${signature}.more`,
      `${id}.${expires}.${signature?.slice(0, -2)}`,
      (await sessionOf(guarded())).replace("barline_session=", ""),
    ];
    for (const token of forgeries) {
      expect((await app.get("/", { Cookie: `barline_session=${token}` })).status).toBe(303);
    }
    expect((await app.get("/", { Cookie: `barline_session=${id}.${expires}.${signature}` })).status).toBe(200);
  });
});

describe("the bearer token", () => {
  test("is the password, whole and exact", async () => {
    const { get } = guarded();
    const status = async (authorization: string) =>
      (await get("/api/openapi.json", { Authorization: authorization })).status;
    expect(await status(`Bearer ${password}`)).toBe(200);
    expect(await status(`bearer ${password}`)).toBe(200);
    for (const wrong of [
      `Bearer ${password}x`,
      `Bearer ${password.slice(1)}`,
      `Basic ${password}`,
      password,
      "Bearer",
    ]) {
      expect(await status(wrong)).toBe(401);
    }
  });

  test("is in no log line", async () => {
    const { get, logged } = guarded();
    await get("/api/openapi.json", { Authorization: `Bearer ${password}` });
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged)).not.toContain(password);
  });
});

describe("safeNextPath", () => {
  test.each(["/", "/jobs/x", "/runs?state=failed&job=a%20b", "/tickers/BRK.B"])("keeps %s", (path) => {
    expect(safeNextPath(path)).toBe(path);
  });

  test.each([
    "",
    "jobs",
    "//evil.example",
    "/\\evil.example",
    "/.//evil.example",
    "/x/..//evil.example",
    "/%2e//evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n/evil.example",
    "/sign-in?next=/sign-in",
    "/sign-out",
    `/${"x".repeat(3000)}`,
  ])("makes %p the overview", (path) => {
    expect(safeNextPath(path)).toBe("/");
  });
});

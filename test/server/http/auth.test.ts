import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTestApp, type TestApp } from "../support.ts";
import { type AccessHarness, form, openAccess, password, sessionOf, signIn } from "./access.ts";

let access: AccessHarness;
beforeAll(async () => {
  access = await openAccess();
}, 60_000);
afterAll(() => access.drop());
const guarded = () => access.guarded();

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

  test.each(["/api/status", "/api/openapi.json", "/api/nowhere", "/metrics"])("%s is a JSON 401", async (path) => {
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
      expect((await guarded().get(path)).status).toBe(303);
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
    expect(cookie.split("; ").slice(1).sort()).toEqual(["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Lax"]);
    const session = cookie.split(";")[0] ?? "";
    expect(await (await app.get("/", { Cookie: session })).text()).toBe("home");
    expect((await app.get("/api/openapi.json", { Cookie: session })).status).toBe(200);
    expect((await app.get("/sign-in", { Cookie: session })).headers.get("Location")).toBe("/");
  });

  test("says what is wrong with a wrong password, and keeps where to go and the name", async () => {
    const response = await signIn(guarded(), { password: "wrong", next: "/jobs/x", name: `"><script>x</script>` });
    expect(response.status).toBe(401);
    expect(response.headers.get("Set-Cookie")).toBeNull();
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const html = await response.text();
    expect(html).toStartWith("<!doctype html><html");
    expect(html).toContain("That is not the password.");
    expect(html).toContain('value="/jobs/x"');
    expect(html).toContain("&quot;&gt;&lt;script&gt;x");
    expect(html).not.toContain("<script>x");
  });

  test("never leads to another site", async () => {
    const app = guarded();
    expect((await signIn(app, { password, next: "//evil.example" })).headers.get("Location")).toBe("/");
    const html = await (await app.get('/sign-in?next=/"><script>alert(1)</script>')).text();
    expect(html).not.toContain("<script>alert");
  });

  test("from another site is refused, and so is signing out", async () => {
    expect((await signIn(guarded(), { password }, { Origin: "https://evil.example" })).status).toBe(403);
    const app = guarded();
    const session = await sessionOf(app);
    const headers = { ...form, Cookie: session, "Sec-Fetch-Site": "cross-site" };
    expect((await app.send("POST", "/sign-out", "", headers)).status).toBe(403);
    expect((await app.get("/", { Cookie: session })).status).toBe(200);
  });

  test("does not happen where there is no password", async () => {
    const app = createTestApp();
    expect((await app.get("/sign-in")).headers.get("Location")).toBe("/");
    expect((await signIn(app, { password: "x" })).headers.get("Set-Cookie")).toBeNull();
  });

  test("ends the session that the browser had", async () => {
    const app = guarded();
    const former = await sessionOf(app);
    expect((await signIn(app, { password }, { Cookie: former })).status).toBe(303);
    expect((await app.get("/", { Cookie: former })).status).toBe(303);
  });
});

describe("the name", () => {
  const whoIs = async (app: TestApp, name: string, path = "/who") =>
    (await app.get(path, { Cookie: await sessionOf(app, { name }) })).json();

  test("is kept with the session and says who does what, on pages and in the API", async () => {
    const app = guarded();
    expect(await whoIs(app, "  Ada Lovelace ")).toEqual({ name: "Ada Lovelace", via: "dashboard" });
    expect(await whoIs(app, "Ada", "/api/who")).toEqual({ name: "Ada", via: "api" });
    expect(await whoIs(app, " ")).toEqual({ name: "admin", via: "dashboard" });
    const bearer = { Authorization: `Bearer ${password}` };
    expect(await (await app.get("/who", bearer)).json()).toEqual({ name: "API token", via: "api" });
    expect(await whoIs(app, "🦊".repeat(60))).toEqual({ name: "🦊".repeat(60), via: "dashboard" });
  });

  test.each(["a\u0000b", "a\nb", "a\u001b[31mb", "\u202egnp.exe", "a\u2028b", "x".repeat(61)])(
    "%p is refused at its field",
    async (name) => {
      const response = await signIn(guarded(), { password, name });
      expect(response.status).toBe(422);
      expect(response.headers.get("Set-Cookie")).toBeNull();
      expect(await response.text()).toContain('id="name-error"');
    },
  );
});

describe("a session", () => {
  test("ends when its person signs out, also for a copy of the cookie and in other processes", async () => {
    const app = guarded();
    const other = guarded();
    const session = await sessionOf(app);
    expect((await other.get("/", { Cookie: session })).status).toBe(200);
    const response = await app.send("POST", "/sign-out", "", { ...form, Cookie: session });
    expect(response.headers.get("Location")).toBe("/sign-in");
    expect(response.headers.get("Set-Cookie")).toContain("Max-Age=0");
    expect((await app.get("/", { Cookie: session })).status).toBe(303);
    expect((await other.get("/", { Cookie: session })).status).toBe(303);
  });

  test("leaves no page in the browser that the back button would show after it", async () => {
    const app = guarded();
    const response = await app.get("/", { Cookie: await sessionOf(app) });
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect((await app.get("/assets/styles.css")).headers.get("Cache-Control")).not.toBe("no-store");
  });

  test("outlives a restart with the same password", async () => {
    const session = await sessionOf(guarded());
    await access.adopt(password);
    expect((await guarded().get("/", { Cookie: session })).status).toBe(200);
  });

  test("ends after a week, and is forgotten at the next sign-in", async () => {
    const app = guarded();
    const session = await sessionOf(app);
    app.clock.now = new Date(app.clock.now.getTime() + 7 * 86_400_000 - 1);
    expect((await app.get("/", { Cookie: session })).status).toBe(200);
    app.clock.now = new Date(app.clock.now.getTime() + 1);
    expect((await app.get("/", { Cookie: session })).status).toBe(303);
    await sessionOf(app);
    const [left] = await access.sql`
      select count(*)::int as n from barline.sign_ins where expires_at <= ${app.clock.now}`;
    expect(left).toEqual({ n: 0 });
  });

  test("is kept as a hash, which opens nothing", async () => {
    const app = guarded();
    const session = await sessionOf(app, { name: "hashed" });
    const [row] = await access.sql<{ tokenHash: string }[]>`
      select token_hash as "tokenHash" from barline.sign_ins where name = 'hashed'`;
    const tokenHash = row?.tokenHash ?? "";
    expect(tokenHash).toHaveLength(43);
    expect(session).not.toContain(tokenHash);
    expect((await app.get("/", { Cookie: `barline_session=${tokenHash}` })).status).toBe(303);
  });

  test("cannot be guessed, cut or prolonged", async () => {
    const app = guarded();
    const token = (await sessionOf(app)).replace("barline_session=", "");
    const last = token.endsWith("A") ? "B" : "A";
    for (const forgery of ["", "..", token.slice(0, -1), `${token.slice(0, -1)}${last}`, `${token}x`, "' or 1=1 --"]) {
      const cookie = `barline_session=${encodeURIComponent(forgery)}`;
      expect((await app.get("/", { Cookie: cookie })).status).toBe(303);
    }
    expect((await app.get("/", { Cookie: `barline_session=${token}` })).status).toBe(200);
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

  test("is hashed once, however many calls come at once", async () => {
    const { get } = guarded();
    const calls = Array.from({ length: 30 }, () => get("/api/who", { Authorization: `Bearer ${password}` }));
    expect(new Set((await Promise.all(calls)).map(({ status }) => status))).toEqual(new Set([200]));
  });

  test("is in no log line and no action, right or wrong", async () => {
    const app = guarded();
    await app.get("/api/openapi.json", { Authorization: `Bearer ${password}` });
    await app.get("/api/openapi.json", { Authorization: "Bearer another secret" });
    await signIn(app, { password: "another secret" });
    expect(app.logged.filter(({ msg }) => msg === "request")).toHaveLength(3);
    const told = JSON.stringify([app.logged, await access.actions()]);
    expect(told).not.toContain(password);
    expect(told).not.toContain("another secret");
  });
});

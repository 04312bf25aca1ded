import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import type { MadeLogin } from "../../../server/operations/published-logins.ts";
import { createPublishedLogins } from "../../../server/operations/published-logins.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { hostile } from "../sample.ts";
import { createTestApp, type TestApp } from "../support.ts";

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard();
}, openingMs);
afterAll(() => dashboard.close());

const about = async () => (await dashboard.app.request("/about")).text();
const signIn = async (url: string): Promise<string> => {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return (await sql`select current_user as name`)[0]?.name;
  } finally {
    await sql.end();
  }
};

describe("the page of how to connect", () => {
  test("says what to paste, with the address that people use", async () => {
    const page = await about();
    expect(page).toContain("curl -O http://localhost/clients/barline.py");
    for (const file of ["barline.ipynb", "grafana.json", "barline.ts"]) expect(page).toContain(`/clients/${file}`);
    expect(page).toContain("listens on this machine’s loopback only");
    expect(page).toContain("None. Make one for each program");
  });

  test("shows a login once, lists it, and revokes it", async () => {
    const made = await dashboard.post("/about/logins", { name: " Metabase " });
    expect(made.status).toBe(201);
    expect(made.headers.get("Cache-Control")).toBe("no-store, no-transform");
    const [url = ""] = /postgresql:\/\/barline_metabase_[^<]+/.exec(await made.text()) ?? [];
    expect(await signIn(url)).toStartWith("barline_metabase_");
    const page = await about();
    expect(page).toContain("barline_metabase_");
    expect(page).not.toContain(new URL(url).password);
    const [, revoke = ""] = /action="(\/about\/logins\/\d+\/revoke)"/.exec(page) ?? [];
    const revoked = await dashboard.post(revoke);
    expect([revoked.status, revoked.headers.get("Location")]).toEqual([303, "/about#logins"]);
    expect(signIn(url)).rejects.toThrow("password authentication failed");
    expect(await about()).not.toContain("barline_metabase_");
    expect((await dashboard.post(revoke)).status).toBe(404);
    const activity = await (await dashboard.app.request("/activity")).text();
    expect(activity).toContain("login of the database");
  });

  test("keeps a name that cannot be taken, and escapes it", async () => {
    await dashboard.post("/about/logins", { name: hostile });
    const again = await dashboard.post("/about/logins", { name: hostile });
    expect(again.status).toBe(409);
    const page = await again.text();
    expect(page).toContain("There is a login called");
    expect(page).not.toContain("<script>alert");
    expect((await dashboard.post("/about/logins", { name: " " })).status).toBe(422);
  });
});

describe("the API of logins", () => {
  let database: TestDatabase;
  let app: TestApp;

  beforeAll(async () => {
    database = await createTestDatabase();
    const now = () => new Date("2026-03-02T15:00:00Z");
    const publishedLogins = createPublishedLogins({ sql: database.sql, url: database.url, now });
    app = createTestApp({ publishedLogins });
  }, 60_000);
  afterAll(() => database.drop());

  test("makes one, says when it was seen, and revokes it", async () => {
    const response = await app.send("POST", "/api/database-logins", { name: "Grafana" });
    expect(response.status).toBe(201);
    const made = (await response.json()) as MadeLogin;
    expect(made).toMatchObject({ name: "Grafana", host: "127.0.0.1", statements: [] });
    const sql = postgres(made.url, { max: 1, onnotice: () => {} });
    await sql`select 1`;
    const list = async () => await (await app.get("/api/database-logins")).json();
    const listed = { id: made.id, name: "Grafana", role: made.role, isThere: true, createdBy: "local user" };
    expect(await list()).toEqual([{ ...listed, createdAt: "2026-03-02T15:00:00.000Z", lastSeenAt: null }]);
    const logins = createPublishedLogins({
      sql: database.sql,
      url: database.url,
      now: () => new Date("2026-03-02T16:00:00Z"),
    });
    await logins.look();
    expect(await list()).toMatchObject([{ lastSeenAt: "2026-03-02T16:00:00.000Z" }]);
    expect((await app.send("DELETE", `/api/database-logins/${made.id}`)).status).toBe(200);
    await sql.end();
    expect(await list()).toEqual([]);
    const actions = await database.sql`select kind, details from barline.actions order by id`;
    const details = { name: "Grafana", role: made.role };
    expect([...actions]).toEqual([
      { kind: "login.create", details },
      { kind: "login.revoke", details },
    ]);
    expect(JSON.stringify(actions)).not.toContain(made.password);
  });

  test("lists one whose role is gone, and forgets it when it is revoked", async () => {
    const made = (await (await app.send("POST", "/api/database-logins", { name: "Gone" })).json()) as MadeLogin;
    await database.sql`drop role ${database.sql(made.role)}`;
    expect(await (await app.get("/api/database-logins")).json()).toMatchObject([{ name: "Gone", isThere: false }]);
    expect((await app.send("DELETE", `/api/database-logins/${made.id}`)).status).toBe(200);
    expect(await (await app.get("/api/database-logins")).json()).toEqual([]);
  });
});

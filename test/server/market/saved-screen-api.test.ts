import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { ask } from "../api-support.ts";
import { createTestApp, type TestApp } from "../support.ts";

let database: TestDatabase;
let app: TestApp;
beforeAll(async () => {
  database = await createTestDatabase();
  app = createTestApp({ read: database.sql });
}, 60_000);
afterAll(() => database.drop());
beforeEach(async () => {
  await database.sql`truncate barline.saved_screens, barline.actions restart identity cascade`;
});

describe("/api/screens", () => {
  test("saves one, changes it, deletes it and has it back", async () => {
    const { status, body } = await ask(app, "POST", "/api/screens", { name: "Low", query: "?rsi_14_max=30&from=100" });
    expect([status, body.query, body.url]).toEqual([201, "rsi_14_max=30", "/screener?rsi_14_max=30"]);
    expect((await ask(app, "PATCH", "/api/screens/1", { query: "type=CS" })).body).toMatchObject({
      name: "Low",
      query: "type=CS",
    });
    await ask(app, "DELETE", "/api/screens/1");
    expect((await ask(app, "GET", "/api/screens")).body).toEqual([]);
    expect((await ask(app, "PATCH", "/api/screens/1", { name: "Other" })).status).toBe(404);
    expect((await ask(app, "POST", "/api/screens/1/restore")).body.name).toBe("Low");
    expect((await ask(app, "GET", "/api/screens")).body).toHaveLength(1);
  });
});

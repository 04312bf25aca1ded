import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { ask } from "../api-support.ts";
import { createTestApp, type TestApp } from "../support.ts";

let database: TestDatabase;
let app: TestApp;
beforeAll(async () => {
  database = await createTestDatabase();
  app = createTestApp({ read: database.sql });
  await database.sql`
    insert into public.source_polygon_tickers (ticker, name, active, inserted_at)
    values ('AAPL', 'Apple Inc.', true, now()), ('MSFT', 'Microsoft', true, now()), ('KIMpL', 'Kimco', true, now())`;
}, 60_000);
afterAll(() => database.drop());
beforeEach(async () => {
  await database.sql`truncate barline.watchlists, barline.watched_tickers, barline.saved_screens, barline.actions restart identity cascade`;
});

const entriesOf = (body: { entries: { ticker: string; note: string }[] }) =>
  body.entries.map(({ ticker, note }) => (note === "" ? ticker : `${ticker}: ${note}`));

describe("/api/watchlists", () => {
  test("makes one, fills it, orders it and takes off it", async () => {
    expect(await ask(app, "POST", "/api/watchlists", { name: " Core " })).toMatchObject({
      status: 201,
      body: { id: 1, name: "Core", entries: [] },
    });
    for (const ticker of ["AAPL", "MSFT"]) await ask(app, "POST", "/api/watchlists/1/tickers", { ticker });
    await ask(app, "POST", "/api/watchlists/1/tickers", { ticker: "KIMpL", note: "preferred" });
    const moved = await ask(app, "PATCH", "/api/watchlists/1/tickers/KIMpL", { place: 1 });
    expect(entriesOf(moved.body)).toEqual(["KIMpL: preferred", "AAPL", "MSFT"]);
    const left = await ask(app, "DELETE", "/api/watchlists/1/tickers/AAPL");
    expect(entriesOf(left.body)).toEqual(["KIMpL: preferred", "MSFT"]);
    const back = await ask(app, "POST", "/api/watchlists/1/tickers", { ticker: "AAPL" });
    expect(entriesOf(back.body)).toEqual(["KIMpL: preferred", "AAPL", "MSFT"]);
    expect((await ask(app, "GET", "/api/watchlists")).body).toMatchObject([{ id: 1, name: "Core", tickers: 3 }]);
  });

  test("deletes one and has it back", async () => {
    await ask(app, "POST", "/api/watchlists", { name: "Core" });
    expect((await ask(app, "DELETE", "/api/watchlists/1")).body.deletedAt).toBe("2026-03-02T15:00:00.000Z");
    expect((await ask(app, "GET", "/api/watchlists/1")).status).toBe(404);
    expect((await ask(app, "DELETE", "/api/watchlists/1")).status).toBe(404);
    expect((await ask(app, "POST", "/api/watchlists/1/restore")).body.name).toBe("Core");
    expect((await ask(app, "POST", "/api/watchlists/1/restore")).status).toBe(409);
  });

  test("says by its field what it does not take", async () => {
    await ask(app, "POST", "/api/watchlists", { name: "Core" });
    const fields = async (...call: [method: "POST" | "PATCH", path: string, body: object]) => {
      const { status, body } = await ask(app, ...call);
      return [status, body.error.field];
    };
    expect(await fields("POST", "/api/watchlists", { name: "core" })).toEqual([409, "name"]);
    expect(await fields("POST", "/api/watchlists/1/tickers", { ticker: "NONE" })).toEqual([422, "ticker"]);
    expect(await fields("PATCH", "/api/watchlists/1/tickers/AAPL", { place: 0 })).toEqual([422, "place"]);
    expect((await ask(app, "PATCH", "/api/watchlists/1/tickers/AAPL", { place: 1 })).status).toBe(404);
  });
});

import { afterEach, beforeEach, describe, expect, setSystemTime, test } from "bun:test";
import { openPool } from "../../../db/client.ts";
import { allowedFailures, createAttempts } from "../../../server/http/attempts.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { createTestApp } from "../support.ts";
import { type AccessHarness, askFrom, openAccess, password, signIn } from "./access.ts";

describe("failed attempts", () => {
  const start = new Date("2026-03-02T15:00:00Z");
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
    setSystemTime(start);
  }, 60_000);
  afterEach(async () => {
    setSystemTime();
    await database.drop();
  });
  const later = (seconds: number) => setSystemTime(new Date(start.getTime() + seconds * 1000));
  const rows = () => database.sql<{ key: string }[]>`select key from barline.sign_in_attempts order by key`;

  test("are counted from the first on, and all over after its ten minutes", async () => {
    const attempts = createAttempts(database.sql);
    for (let number = 1; number <= allowedFailures; number++) {
      later(number * 10);
      expect(await attempts.blockedSeconds("a")).toBe(0);
      expect(await attempts.begin("a")).toEqual({ waitSeconds: 0, failures: number });
    }
    expect(await attempts.blockedSeconds("a")).toBe(510);
    expect(await attempts.begin("a")).toEqual({ waitSeconds: 510, failures: 0 });
    expect(await attempts.blockedSeconds("b")).toBe(0);
    later(609.5);
    expect(await attempts.blockedSeconds("a")).toBe(1);
    later(610);
    expect(await attempts.blockedSeconds("a")).toBe(0);
    expect(await attempts.begin("a")).toEqual({ waitSeconds: 0, failures: 1 });
  });

  test("are forgotten with a success, which takes none of those of all together either", async () => {
    const attempts = createAttempts(database.sql);
    for (let i = 0; i < 200; i++) {
      expect((await attempts.begin(`client ${i % 2}`)).waitSeconds).toBe(0);
      await attempts.succeed(`client ${i % 2}`);
    }
    expect(await attempts.begin("client 0")).toEqual({ waitSeconds: 0, failures: 1 });
  });

  test("of a flood leave sixty rows a minute, and wait for the end of it", async () => {
    const attempts = createAttempts(database.sql);
    for (let i = 0; i < 60; i++) expect((await attempts.begin(`client ${i}`)).waitSeconds).toBe(0);
    later(20);
    for (let i = 60; i < 100; i++) expect((await attempts.begin(`client ${i}`)).waitSeconds).toBe(40);
    expect(await rows()).toHaveLength(61);
  });

  test("leave nothing prepared on their connection, for poolers that give each transaction another", async () => {
    const sql = openPool(database.url, "state", { max: 1 });
    const attempts = createAttempts(sql);
    await attempts.begin("a");
    await attempts.blockedSeconds("a");
    await attempts.succeed("a");
    // The driver itself asks for the types once.
    const prepared = await sql.unsafe<{ statement: string }[]>("select statement from pg_prepared_statements");
    expect(prepared.filter(({ statement }) => statement.includes("sign_in_attempts"))).toEqual([]);
    await sql.end();
  });
});

describe("processes on one database", () => {
  let access: AccessHarness;
  beforeEach(async () => {
    access = await openAccess();
  }, 60_000);
  afterEach(() => access.drop());

  test("allow a client ten failures together, however many come at once", async () => {
    const processes = [access.guarded(), access.guarded()];
    const ask = (app: (typeof processes)[0], token: string) =>
      askFrom(app, "192.0.2.1", "/api/openapi.json", { headers: { Authorization: `Bearer ${token}` } });
    const answers = await Promise.all(
      Array.from({ length: 25 }, (_, i) => processes.map((app, process) => ask(app, `guess ${process} ${i}`))).flat(),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(40);
    for (const app of processes) expect((await ask(app, password)).status).toBe(429);
    expect(await access.actions()).toHaveLength(2);
  });

  test("let nobody in while attempts cannot be counted, with the right password neither", async () => {
    const app = access.guarded();
    await access.sql`alter table barline.sign_in_attempts rename to away`;
    for (const given of ["guess", password]) {
      const response = await signIn(app, { password: given });
      expect(response.status).toBe(500);
      expect(response.headers.get("Set-Cookie")).toBeNull();
      expect(await response.text()).not.toContain("sign_in_attempts");
    }
  });
});

test("without a database an attempt is answered by that", async () => {
  const access = openPool("postgres://postgres@127.0.0.1:1/none", "state", { max: 1 });
  const app = createTestApp({ environment: { HOST: "0.0.0.0", ADMIN_PASSWORD: password }, access });
  const response = await app.get("/api/status", { Authorization: `Bearer ${password}` });
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error: { code: "database_unavailable" } });
  await access.end();
});

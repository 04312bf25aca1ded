import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { StartError } from "../../../db/errors.ts";
import { runDistributeCommand } from "../../../server/distribution/command.ts";
import { openDistribution } from "../../../server/distribution/open.ts";
import { writeBars } from "../../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const log = { info: () => {}, warn: () => {} };
const citus = { distribute: "citus", distributeShards: null } as const;
const plain = { distribute: null, distributeShards: null };

/** What the command says, and its exit code. */
async function run(words: string[], environment: Record<string, string>): Promise<{ code: number; said: string }> {
  const said: string[] = [];
  const code = await runDistributeCommand(words, environment, (line) => said.push(line));
  return { code, said: said.join("\n") };
}

describe("a server that is no coordinator of Citus", () => {
  test("has all of the warehouse where nothing else is asked for", async () => {
    expect(await openDistribution(database.url, plain, log)).toBeUndefined();
  });

  test("stops a start that asks for a distributed one, with what to do", async () => {
    const refused = openDistribution(database.url, citus, log);
    await expect(refused).rejects.toBeInstanceOf(StartError);
    await expect(refused).rejects.toThrow("has no extension citus");
  });

  test("stops one with the command to run where it holds bars", async () => {
    const { sql } = database;
    await writeBars(
      sql,
      [{ ticker: "A", date: "2020-01-02", open: 1, high: 1, low: 1, close: 1, volume: 1 }],
      new Date(),
    );
    await expect(openDistribution(database.url, citus, log)).rejects.toThrow("Run `bun run distribute`");
  });

  test("is refused by the command, which changes nothing there", async () => {
    const { code, said } = await run([], { DATABASE_URL: database.url, HOST: "0.0.0.0" });
    expect(code).toBe(1);
    expect(said).toStartWith("The database of DATABASE_URL has no extension citus");
    const schemas =
      await database.sql`select 1 from pg_namespace where nspname in ('barline_growing', 'barline_shared')`;
    expect(schemas.length).toBe(0);
  });
});

describe("bun run distribute", () => {
  test("tells how it is used, and asks for a database that can be distributed", async () => {
    expect(await run(["--help"], {})).toMatchObject({
      code: 0,
      said: expect.stringContaining("bun run distribute --undo"),
    });
    expect(await run(["now"], {})).toMatchObject({
      code: 2,
      said: expect.stringContaining("Usage: bun run distribute"),
    });
    expect(await run([], {})).toMatchObject({ code: 2, said: expect.stringContaining("There is no DATABASE_URL") });
  });
});

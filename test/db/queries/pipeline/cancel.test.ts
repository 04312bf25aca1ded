import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { beginCancellable } from "../../../../db/queries/pipeline/cancel.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { until } from "../../../support/until.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);
afterAll(() => database.drop());

describe("a transaction that can be cancelled", () => {
  test("commits and answers where nobody cancels it", async () => {
    const { sql } = database;
    const answer = await beginCancellable(sql, new AbortController().signal, async (transaction) => {
      await transaction`create table public.done (id int)`;
      return ["made"];
    });
    expect(answer).toEqual(["made"]);
    expect((await sql`select from public.done`).length).toBe(0);
  });

  test("does nothing where it was cancelled before", async () => {
    let began = false;
    const cancelled = beginCancellable(database.sql, AbortSignal.abort(), async () => {
      began = true;
    });
    await expect(cancelled).rejects.toThrow();
    expect(began).toBe(false);
  });

  test("ends at its next statement where the signal comes between two", async () => {
    const { sql } = database;
    const controller = new AbortController();
    const cancelled = beginCancellable(sql, controller.signal, async (transaction) => {
      controller.abort();
      await until("the first cancellation met nobody", async () => {
        const rows =
          await sql`select from pg_stat_activity where query like '%pg_cancel_backend%' and pid <> pg_backend_pid()`;
        return rows.length > 0;
      });
      await transaction`select pg_sleep(60)`;
    });
    await expect(cancelled).rejects.toMatchObject({ code: "57014" });
  });
});

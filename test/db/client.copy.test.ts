import { afterAll, beforeAll, expect, test } from "bun:test";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { TransactionSql } from "../../db/client.ts";
import { isTransientDatabaseError } from "../../db/errors.ts";
import { copyToStaging, countStaged } from "../../db/queries/market/load.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const line = (ticker: string) => `7\t0\t1\tfalse\t${ticker}\t2025-01-02\t1\t1\t1\t1\t1\t\\N\t\\N\n`;

async function copy(transaction: TransactionSql, lines: Iterable<string> | AsyncIterable<string>): Promise<void> {
  await pipeline(Readable.from(lines), await copyToStaging(transaction));
}

test("a COPY that the server refuses after its last byte rejects with the server's error", async () => {
  const work = database.sql.begin((transaction) => copy(transaction, [line("A"), line("NUL\u0000")]));
  expect(await work.then(() => "done", String)).toContain("invalid byte sequence");
  expect(await countStaged(database.sql, 7)).toBe(0);
});

test("a COPY whose connection is lost after its last byte rejects as a lost connection", async () => {
  const blocker = await database.sql.reserve();
  // The constraint makes the server wait in the middle of the last row, after everything has been sent.
  await blocker`
    create function wait_at_gate() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock(99); return new; end $$`;
  await blocker`
    create trigger gate after insert on barline.staging_stock_bars for each statement execute function wait_at_gate()`;
  await blocker`select pg_advisory_lock(99)`;
  const work = database.sql
    .begin((transaction) => copy(transaction, [line("A")]))
    .then(
      () => "done",
      (error) => error,
    );
  const ends = async () =>
    (
      await blocker`
      select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = 99 and not granted`
    ).length;
  await until("the waiting COPY was ended", async () => (await ends()) > 0);
  expect(isTransientDatabaseError(await work)).toBe(true);
  await blocker`select pg_advisory_unlock(99)`;
  await blocker`drop trigger gate on barline.staging_stock_bars`;
  blocker.release();
});

test("a COPY whose source fails rejects with the source's error, and the connection goes on", async () => {
  const broken = async function* () {
    yield line("A");
    throw new Error("the lake is away");
  };
  const work = database.sql.begin((transaction) => copy(transaction, broken()));
  expect(await work.then(() => "done", String)).toContain("the lake is away");
  await database.sql.begin((transaction) => copy(transaction, [line("A"), line("B")]));
  expect(await countStaged(database.sql, 7)).toBe(2);
});

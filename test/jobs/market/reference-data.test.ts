import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFolderStore } from "../../../jobs/lake/folder.ts";
import type { MarketClient, RawAnswer } from "../../../jobs/market/client.ts";
import { createReferenceData, type ReferenceData } from "../../../jobs/market/reference-data.ts";
import { PermanentError, RetryableError } from "../../../jobs/orchestrator/errors.ts";
import type { TaskLog } from "../../../jobs/orchestrator/types.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

setDefaultTimeout(60_000);

const hourMs = 3_600_000;

/** An answer as the client gives it, of rows as the API lists them. */
const answerOf = (results: Record<string, unknown>[]): RawAnswer => {
  const answer = { status: "OK" as const, results };
  const body = new TextEncoder().encode(JSON.stringify(answer));
  const received = { redacted: false, requestId: undefined, resultsCount: results.length, receivedAt: new Date() };
  return { path: "/list", body, answer, ...received };
};

describe("reference data", () => {
  let database: TestDatabase;
  let folder: string;
  let clock: Date;
  let calls: string[];
  let splits: () => Promise<RawAnswer[]> | AsyncIterable<RawAnswer>;
  let dividends: () => Promise<RawAnswer[]>;
  const warnings: string[] = [];
  const log: TaskLog = { debug() {}, info() {}, warn: (message) => warnings.push(message), error() {} };
  const context = { run: { id: 0 }, log, signal: new AbortController().signal };
  const never = () => {
    throw new Error("Nobody should ask for this.");
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = mkdtempSync(join(tmpdir(), "barline-reference-"));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await database.drop();
  });

  const open = async (): Promise<ReferenceData> => {
    clock = new Date("2024-06-03T22:00:00Z");
    calls = [];
    warnings.length = 0;
    splits = async () => [];
    dividends = async () => [];
    await database.sql`truncate barline.reference_reads, public.source_polygon_splits, public.source_polygon_dividends`;
    const lake = createFolderStore({ root: folder, bucket: "test" });
    await lake.ensureReady();
    const client: MarketClient = {
      grouped: never,
      range: never,
      tickers: never,
      upcomingHolidays: never,
      splits: async function* ({ fromDate }) {
        calls.push(`splits ${fromDate}`);
        yield* await splits();
      },
      dividends: async function* ({ fromDate }) {
        calls.push(`dividends ${fromDate}`);
        yield* await dividends();
      },
    };
    return createReferenceData({ sql: database.sql, client, lake, now: () => clock });
  };

  const split = (ticker: string, to: number) => ({ ticker, execution_date: "2024-05-20", split_from: 1, split_to: to });
  const storedSplits = () => database.sql<{ ticker: string; to: number; active: boolean; at: Date }[]>`
    select ticker, split_to::float8 as to, active, inserted_at as at from public.source_polygon_splits order by ticker`;

  test("is read once for all who ask at a time, and again when it is stale or an earlier day is wanted", async () => {
    const reference = await open();
    await Promise.all(Array.from({ length: 8 }, () => reference.ensure("splits", "2024-01-02", context)));
    await reference.ensure("splits", "2024-05-01", context);
    expect(calls).toEqual(["splits 2024-01-02"]);
    await reference.ensure("splits", "2023-01-03", context);
    expect(calls).toEqual(["splits 2024-01-02", "splits 2023-01-03"]);
    clock = new Date(clock.getTime() + 7 * hourMs);
    await reference.ensure("splits", "2024-05-01", context);
    await reference.ensure("splits", "2023-01-03", context);
    expect(calls.length).toBe(3);
  });

  test("has each page in the lake before the next is asked for", async () => {
    const reference = await open();
    const landedBefore: number[] = [];
    const day = "reference/splits/date=2024-06-03/";
    const landed = async () =>
      (await Array.fromAsync(createFolderStore({ root: folder, bucket: "test" }).list(day))).length;
    const before = await landed();
    splits = async function* () {
      for (const ticker of ["PA", "PB", "PC"]) {
        landedBefore.push((await landed()) - before);
        yield answerOf([split(ticker, 3)]);
      }
      throw new RetryableError("The third page was the last that came.");
    };
    await expect(reference.ensure("splits", "2024-01-02", context)).rejects.toThrow("the last that came");
    expect(landedBefore).toEqual([0, 1, 2]);
    expect(await landed()).toBe(before + 3);
    expect(await storedSplits()).toHaveLength(0);
  });

  test("that was read before is read again for a trailing window, and all of it once a week", async () => {
    const reference = await open();
    await reference.ensure("splits", "2023-01-03", context);
    const readDaily = async (days: number) => {
      for (let day = 0; day < days; day++) {
        clock = new Date(clock.getTime() + 24 * hourMs);
        await reference.ensure("splits", "2024-06-03", context);
      }
    };
    await readDaily(1);
    expect(calls).toEqual(["splits 2023-01-03", "splits 2024-04-20"]);
    await readDaily(6);
    expect(calls.slice(2)).toEqual([
      ...["splits 2024-04-21", "splits 2024-04-22", "splits 2024-04-23", "splits 2024-04-24", "splits 2024-04-25"],
      "splits 2023-01-03",
    ]);
  });

  test("that was read before a session had settled is read again for that session, once", async () => {
    const reference = await open();
    await reference.ensure("splits", "2024-01-02", context);
    clock = new Date(clock.getTime() + hourMs);
    await reference.ensure("splits", "2024-01-02", { ...context, newerThan: new Date(clock.getTime() - 2 * hourMs) });
    expect(calls.length).toBe(1);
    await reference.ensure("splits", "2024-01-02", { ...context, newerThan: clock });
    await reference.ensure("splits", "2024-01-02", { ...context, newerThan: clock });
    expect(calls.length).toBe(2);
  });

  test("is read once by several processes that ask at the same instant", async () => {
    const reference = await open();
    const another = await open();
    let answered = 0;
    splits = async () => {
      answered += 1;
      return [answerOf([{ ticker: "AAPL", execution_date: "2020-08-31", split_from: 1, split_to: 4 }])];
    };
    await Promise.all([
      reference.ensure("splits", "2020-01-01", context),
      another.ensure("splits", "2020-01-01", context),
    ]);
    expect(answered).toBe(1);
  });

  test("marks a split that the vendor withdrew, and moves the time of what changed only", async () => {
    const reference = await open();
    splits = async () => [answerOf([split("A", 2), split("B", 3)])];
    await reference.ensure("splits", "2024-01-02", context);
    const before = await storedSplits();
    clock = new Date(clock.getTime() + 7 * hourMs);
    splits = async () => [answerOf([split("A", 2), split("C", 4)])];
    await reference.ensure("splits", "2024-01-02", context);
    const after = await storedSplits();
    expect(after.map(({ ticker, to, active }) => [ticker, to, active])).toEqual([
      ["A", 2, true],
      ["B", 3, false],
      ["C", 4, true],
    ]);
    expect(after[0]?.at).toEqual(before[0]?.at);
    expect(after[1]?.at.getTime()).toBeGreaterThan(before[1]?.at.getTime() ?? Number.POSITIVE_INFINITY);
  });

  test("that the plan does not hold does not fail a run, and is not asked for again before it would be stale", async () => {
    const reference = await open();
    dividends = () => Promise.reject(new PermanentError("Dividends are not in the plan."));
    for (let run = 0; run < 3; run++) await reference.refresh("dividends", "2024-01-02", context);
    expect(calls).toEqual(["dividends 2024-01-02"]);
    expect(warnings.filter((line) => line.includes("not in the plan"))).toHaveLength(1);
    clock = new Date(clock.getTime() + 21 * hourMs);
    await reference.refresh("dividends", "2024-01-02", context);
    expect(calls).toHaveLength(2);
  });

  test("that somebody is reading is not waited for where bars can do without it", async () => {
    const reference = await open();
    const gate = Promise.withResolvers<RawAnswer[]>();
    dividends = () => gate.promise;
    const first = reference.refresh("dividends", "2024-01-02", context);
    await until("it is being read", () => calls.length === 1);
    await Promise.all(Array.from({ length: 5 }, () => reference.refresh("dividends", "2024-01-02", context)));
    gate.resolve([]);
    await first;
    expect(calls).toEqual(["dividends 2024-01-02"]);
  });

  test("that could not be read for the moment fails the try, so that it is tried again", async () => {
    const reference = await open();
    dividends = () => Promise.reject(new RetryableError("The API is away."));
    expect(reference.refresh("dividends", "2024-01-02", context)).rejects.toThrow("away");
  });
});

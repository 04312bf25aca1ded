import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { openPartitions } from "../../../db/distribution/partitions.ts";
import { history } from "../../jobs/transform/arrivals.ts";
import { bar, openTransform, windowsTable, writeBars } from "../../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { type DistributedStage, openDistributedStage } from "./stage.ts";

const isSoak = Boolean(process.env.SOAK);
const cases = isSoak ? { numRuns: Number(process.env.SOAK_CASES ?? 1000) } : { numRuns: 4, seed: 20_201_117 };

describe("a warehouse on four shards", () => {
  let stage: DistributedStage;
  beforeAll(async () => {
    stage = await openDistributedStage(new Date("2019-08-30T21:30:00Z"));
  });
  afterAll(() => stage.close());

  test("equals one server's value for value, whatever arrives in whatever order", async () => {
    await fc.assert(fc.asyncProperty(history, stage.play), { ...cases, endOnFailure: true });
    expect(stage.builds()).toBeGreaterThan(0);
  }, 600_000);
});

describe("a model that lies on shards", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase({ raw: "partitions" });
  });
  afterAll(() => database.drop());

  test("is built whole where most of its source's rows are new, as the shards together tell", async () => {
    const { sql } = database;
    const now = new Date("2024-06-03T21:30:00Z");
    const transform = openTransform(sql, { now: () => now, distribution: await openPartitions(sql) });
    const tickers = Array.from({ length: 40 }, (_, index) => `T${index}`);
    const write = async (from: number, to: number, at: Date) => {
      const days = Array.from({ length: to - from }, (_, index) => from + index);
      await writeBars(
        sql,
        tickers.flatMap((ticker) => days.map((day) => bar(ticker, day))),
        at,
      );
      await sql`analyze public.source_polygon_stock_bars_daily`;
    };
    const windows = async () =>
      (await transform.build({ exclude: ["resource_type:test"] })).models.find(({ name }) => name === windowsTable);
    await write(0, 20, new Date(now.getTime() - 2000));
    expect(await windows()).toMatchObject({ action: "created", rows: 800 });
    await write(20, 25, new Date(now.getTime() - 1000));
    expect(await windows()).toMatchObject({ action: "incremental", rows: 200 });
    await write(25, 300, now);
    expect(await windows()).toMatchObject({ action: "full_refresh", rows: 12_000 });
  }, 120_000);
});

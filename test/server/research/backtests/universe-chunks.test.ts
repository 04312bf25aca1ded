import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ListedTicker } from "../../../../db/queries/research/universe.ts";
import { chunksOfBars } from "../../../../server/research/backtests/universe-chunks.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";

let database: TestDatabase;

/** Of 500 securities the first was renamed, and the second and the third had one label after each other. */
const labelsOf = (number: number) => (number === 0 ? ["T0", "OLD"] : number === 2 ? ["T1"] : [`T${number}`]);
const listings = Array.from({ length: 500 }, (_, number): ListedTicker => {
  const [ticker = ""] = labelsOf(number);
  return { ticker, key: `S-${number}`, lastDate: "2024-01-09", lastClose: 1, active: true };
});
const numbers = listings.map((_, number) => number);

beforeAll(async () => {
  database = await createTestDatabase();
  const periods = numbers.flatMap((number) => labelsOf(number).map((ticker) => ({ ticker, key: `S-${number}` })));
  await database.sql`
    create table public.dim_ticker_periods as
    select *
    from unnest(${periods.map(({ ticker }) => ticker)}::text[], ${periods.map(({ key }) => key)}::text[])
      as periods (ticker, security_id)`;
});
afterAll(() => database.drop());

describe("the statements that read the bars of many", () => {
  const chunks = (lookUps: number, distributed: boolean) =>
    chunksOfBars(database.sql, { listings, by: "security_id", distributed }, numbers, lookUps);
  const sizes = (found: Awaited<ReturnType<typeof chunks>>): [string, number][] =>
    found.map(({ by, keys }) => [by, keys.length]);

  test("are of 200 securities each on one server, and where nothing is counted back", async () => {
    const usual: [string, number][] = [
      ["security_id", 200],
      ["security_id", 200],
      ["security_id", 100],
    ];
    expect(sizes(await chunks(12, false))).toEqual(usual);
    expect(sizes(await chunks(0, true))).toEqual(usual);
  });

  test("are few on several servers, and find by its label what had one to itself", async () => {
    const found = await chunks(12, true);
    expect(sizes(found)).toEqual([
      ["ticker", 497],
      ["security_id", 3],
    ]);
    expect(found.at(-1)).toMatchObject({ keys: ["S-0", "S-1", "S-2"], numbers: [0, 1, 2] });
    expect(found[0]?.keys).toEqual(found[0]?.numbers.map((number) => `T${number}`));
  });

  test("count back from so many bars at most, but for 200 securities of a long range", async () => {
    expect(sizes(await chunks(40, true)).slice(0, -1)).toEqual([
      ["ticker", 300],
      ["ticker", 197],
    ]);
    expect(sizes(await chunks(600, true)).slice(0, -1)).toEqual([
      ["ticker", 200],
      ["ticker", 200],
      ["ticker", 97],
    ]);
  });
});

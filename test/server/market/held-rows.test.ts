import { expect, test } from "bun:test";
import type { FactRange, FactRow } from "../../../db/queries/market/read-facts.ts";
import { publishedAnew, readHeldRows } from "../../../server/market/held-rows.ts";

const holder = (ticker: string, security: string | null) => ({ ticker, security, newestLabel: ticker });
const holders = ["A", "B", "C", "D", "E"].map((ticker, index) => holder(ticker, index < 3 ? `s${ticker}` : null));
const range = { holders, from: "2020-01-01", to: "2020-01-03", width: 9 };

/** Notes the parts that are read, each of two rows a holder. */
function noting() {
  const parts: { tickers: string; after: string | null; limit: number }[] = [];
  const read = async ({ holders: part, after }: FactRange, limit: number) => {
    parts.push({ tickers: part.map(({ ticker }) => ticker).join(""), after, limit });
    const rows = part.flatMap(({ ticker }): FactRow[] => [
      [ticker, ticker, "2020-01-02"],
      [ticker, ticker, "2020-01-03"],
    ]);
    return rows.slice(0, limit);
  };
  return { parts, read };
}

async function rowsOf(options: Partial<Parameters<typeof readHeldRows>[1]>, asked = range): Promise<FactRow[]> {
  const usual = { today: "2020-02-01", after: null, limit: 1000, read: noting().read, check: async () => {} };
  return (await Array.fromAsync(readHeldRows(asked, { ...usual, ...options }))).flat();
}

test("holders are read together as far as they are of one kind, and their bars are few", async () => {
  const { parts, read } = noting();
  expect(await rowsOf({ read })).toHaveLength(10);
  expect(parts.map(({ tickers }) => tickers)).toEqual(["ABC", "DE"]);
  const long = noting();
  await rowsOf({ read: long.read }, { ...range, from: "1990-01-01", to: "2025-01-01", width: 50 });
  expect(long.parts.map(({ tickers }) => tickers)).toEqual(["A", "B", "C", "D", "E"]);
});

test("rows begin after a place, and end where enough are read", async () => {
  const { parts, read } = noting();
  const rows = await rowsOf({ read, after: { holder: 1, date: "2020-01-02" }, limit: 3 });
  expect(rows.map(([asked]) => asked)).toEqual(["B", "B", "C"]);
  expect(parts).toEqual([{ tickers: "BC", after: "2020-01-02", limit: 3 }]);
});

test("rows of another build are given to nobody", async () => {
  let looks = 0;
  const check = async () => {
    looks += 1;
    if (looks === 2) throw publishedAnew("Ask again.");
  };
  const given: FactRow[] = [];
  const reading = (async () => {
    const options = { today: "2020-02-01", after: null, limit: 1000, read: noting().read, check };
    for await (const rows of readHeldRows(range, options)) given.push(...rows);
  })();
  expect(reading).rejects.toThrow("What is published has changed");
  await reading.catch(() => {});
  expect(given).toHaveLength(6);
});

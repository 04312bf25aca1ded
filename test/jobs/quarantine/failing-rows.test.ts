import { expect, test } from "bun:test";
import { readNamedRows } from "../../../jobs/quarantine/failing-rows.ts";
import type { TestFailure } from "../../../jobs/transform/transform.ts";

function failure(rows: Record<string, unknown>[], columnName: string | null = null): TestFailure {
  const columns = Object.keys(rows[0] ?? {});
  const pick = (row: Record<string, unknown>, names: string[]) =>
    Object.fromEntries(names.map((name) => [name, row[name]]));
  return {
    ...{ name: "a_test", columnName, failures: rows.length, columns },
    distinct: async (names, limit) => rows.slice(0, limit).map((row) => pick(row, names)),
  };
}

test("failing rows name their ticker, and their session and reason where they have one", async () => {
  const rows = [
    { broken_rule: "volume_is_not_negative", ticker: "A", trade_date: "2025-01-02T00:00:00", close_price: 1 },
    { broken_rule: null, ticker: "B", trade_date: null, close_price: 1 },
  ];
  expect(await readNamedRows(failure(rows))).toEqual([
    { ticker: "A", session: "2025-01-02", reason: "volume_is_not_negative" },
    { ticker: "B", session: null, reason: null },
  ]);
});

test("failing values of the ticker's own column name it", async () => {
  expect(await readNamedRows(failure([{ from_field: "A" }], "ticker"))).toEqual([
    { ticker: "A", session: null, reason: null },
  ]);
  expect(await readNamedRows(failure([{ from_field: "A" }], "type"))).toBeNull();
});

test("rows of which one names no ticker, and more than single tickers have, are about the market", async () => {
  expect(await readNamedRows(failure([{ trade_date: "2025-01-02" }]))).toBeNull();
  expect(await readNamedRows(failure([{ ticker: "A" }, { ticker: null }]))).toBeNull();
  expect(await readNamedRows(failure(Array.from({ length: 20_001 }, () => ({ ticker: "A" }))))).toBeNull();
});

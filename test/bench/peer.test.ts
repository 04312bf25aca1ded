import { expect, test } from "bun:test";
import { differences } from "./peer.ts";

const ours = { rows: 126_000, close_price: 5e6, volatility_60d: null };

test("sums that differ by the rounding of doubles are the same work", () => {
  expect(differences(ours, { ...ours, close_price: 5e6 * (1 + 1e-9) })).toEqual([]);
});

test("another count of rows, a sum beyond rounding and a window that only one has filled are told", () => {
  expect(differences(ours, { rows: 125_999, close_price: 5e6 * 1.0001, volatility_60d: 0.3 })).toEqual([
    "the peer's rows: 125999 instead of 126000",
    "the peer's close_price: 5000500 instead of 5000000",
    "the peer's volatility_60d: 0.3 instead of null",
  ]);
});

test("a column that only one has is told", () => {
  const { close_price: _, ...without } = ours;
  expect(differences(ours, without)).toEqual(["the peer's close_price: undefined instead of 5000000"]);
});

import { describe, expect, test } from "bun:test";
import {
  formatBytes,
  formatChange,
  formatCompact,
  formatCount,
  formatDuration,
  formatLabel,
  formatMove,
  formatPartition,
  formatPrice,
  formatSecond,
  formatSession,
  formatValue,
} from "../../views/format.ts";

describe("numbers", () => {
  test("prices have cents, and hundredths of them below a dollar", () => {
    expect([formatPrice(1234.5), formatPrice(0.1234), formatPrice(null)]).toEqual(["1,234.50", "0.1234", "–"]);
  });

  test("prices below a cent have as many digits as say something, and nothing is told as nothing", () => {
    const prices = [0.0012, 0.00001234, 0.0000000056, 0.0123, 0, -0.00031];
    expect(prices.map(formatPrice)).toEqual([
      "0.00120",
      "0.0000123",
      "0.00000000560",
      "0.0123",
      "0.00",
      "\u22120.000310",
    ]);
    expect(formatPrice(600_000)).toBe("600,000.00");
    expect(formatMove(0.00000021, 0.00001234)).toBe("+0.0000002");
  });

  test("changes carry a sign as wide as a digit", () => {
    expect([formatChange(0.01234), formatChange(-0.5), formatChange(0)]).toEqual(["+1.23%", "\u221250.00%", "0.00%"]);
  });

  test("a move is as precise as the price that it moved", () => {
    expect([formatMove(0.39, 133.5), formatMove(-0.01, 0.5)]).toEqual(["+0.39", "\u22120.0100"]);
  });

  test("counts take the singular for one only", () => {
    expect([formatCount(1, "try", "tries"), formatCount(0, "try", "tries")]).toEqual(["1 try", "0 tries"]);
  });

  test("large numbers are shortened from a thousand on", () => {
    expect([formatCompact(506), formatCompact(3_000_000)]).toEqual(["506", "3.00M"]);
  });

  test("bytes take the largest unit that leaves a digit before the point", () => {
    expect([formatBytes(999), formatBytes(1_500_000), formatBytes(2e12)]).toEqual(["999 bytes", "1.5 MB", "2 TB"]);
  });
});

describe("times", () => {
  test("durations never show sixty of the smaller unit", () => {
    expect([
      formatDuration(340),
      formatDuration(119_800),
      formatDuration(3_599_999),
      formatDuration(90_000_000),
    ]).toEqual(["340 ms", "2 min", "60 min", "1 d 1 h"]);
  });

  test("instants are told in New York time, across its change of clocks", () => {
    expect(formatSecond(new Date("2021-03-14T06:59:59Z"))).toBe("14 Mar 2021, 01:59:59");
    expect(formatSecond(new Date("2021-03-14T07:00:00Z"))).toBe("14 Mar 2021, 03:00:00");
  });

  test("dates are told as they are written, whatever the machine's time zone", () => {
    expect([formatSession("2021-01-01"), formatPartition("2021-01-04", "2021-01-08")]).toEqual([
      "Fri 1 Jan 2021",
      "4 Jan 2021 to 8 Jan 2021",
    ]);
  });
});

describe("values of any shape", () => {
  test("keys become labels", () => {
    expect([formatLabel("rowsPerSecond"), formatLabel("rows_loaded")]).toEqual(["Rows per second", "Rows loaded"]);
  });

  test("lists are cut, objects told as JSON", () => {
    expect([formatValue([1, 2]), formatValue(Array(10).fill("a")), formatValue({ a: 1 })]).toEqual([
      "1, 2",
      "a, a, a, a, a, a, a, a and 2 more",
      '{"a":1}',
    ]);
  });
});

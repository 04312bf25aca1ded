import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodePart, encodePart, manifestKey, rawKey } from "../../../jobs/lake/layout.ts";
import { checkKey } from "../../../jobs/lake/store.ts";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";

const HASH = `0123456789ab${"c".repeat(52)}`;
const text = fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).filter((value) => value.isWellFormed());
const ticker = fc.oneof(
  text,
  fc.string({ unit: fc.constantFrom("a", "A", "p", "P", ".", "/", "%", "7"), minLength: 1 }),
);

describe("lake layout", () => {
  test("puts each answer under its date", () => {
    const date = "2025-01-02";
    expect(rawKey({ route: "daily", date }, HASH)).toBe(
      "raw/stocks/daily/date=2025-01-02/grouped-0123456789ab.json.gz",
    );
    expect(rawKey({ route: "range", date, to: "2025-12-31", ticker: "BRK.B" }, HASH)).toBe(
      "raw/stocks/range/date=2025-01-02/ticker=BRK.B/to-2025-12-31-page-001-0123456789ab.json.gz",
    );
    expect(rawKey({ route: "tickers", date, name: "active", page: 12 }, HASH)).toBe(
      "reference/tickers/date=2025-01-02/active-page-012-0123456789ab.json.gz",
    );
    expect(rawKey({ route: "splits", date }, HASH)).toBe(
      "reference/splits/date=2025-01-02/page-001-0123456789ab.json.gz",
    );
    expect(manifestKey({ job: "stocks_polygon_ingest", session: date, runId: "42" })).toBe(
      "manifests/job=stocks_polygon_ingest/date=2025-01-02/run-42.json",
    );
  });

  test("keeps another answer for the same place beside the first", () => {
    const place = { route: "daily", date: "2025-01-02" } as const;
    expect(rawKey(place, HASH)).not.toBe(rawKey(place, `f${HASH.slice(1)}`));
  });

  test("keeps tickers apart on a disk that ignores case", () => {
    expect(encodePart("KIMpL")).toBe("KIM%70L");
    expect(encodePart("KIMPL")).toBe("KIMPL");
    expect(encodePart("A/B")).toBe("A%2FB");
  });

  test("gives every ticker back as it was", () => {
    fc.assert(fc.property(ticker, (value) => expect(decodePart(encodePart(value))).toBe(value)));
  });

  test("gives two tickers two keys, even where case is ignored", () => {
    fc.assert(
      fc.property(ticker, ticker, (left, right) => {
        const same = encodePart(left).toLowerCase() === encodePart(right).toLowerCase();
        expect(same).toBe(left === right);
      }),
    );
  });

  test("makes only keys that every store takes, of the same depth whatever the ticker", () => {
    fc.assert(
      fc.property(ticker, (value) => {
        const key = rawKey({ route: "range", date: "2025-01-02", to: "2025-12-31", ticker: value }, HASH);
        checkKey(key);
        expect(key.split("/")).toHaveLength(6);
      }),
    );
  });

  test.each([
    () => rawKey({ route: "daily", date: "../../x" }, HASH),
    () => rawKey({ route: "daily", date: "2025-1-2" }, HASH),
    () => rawKey({ route: "daily", date: "2025-01-02" }, "abc"),
    () => rawKey({ route: "range", date: "2025-01-02", to: "x", ticker: "A" }, HASH),
    () => rawKey({ route: "range", date: "2025-01-02", to: "2025-01-02", ticker: "" }, HASH),
    () => rawKey({ route: "splits", date: "2025-01-02", page: 0 }, HASH),
    () => rawKey({ route: "tickers", date: "2025-01-02", name: "a/b" }, HASH),
    () => manifestKey({ job: "a/b", session: "2025-01-02", runId: "1" }),
    () => manifestKey({ job: "a", session: "2025-01-02", runId: "../1" }),
  ])("refuses what would not make a sound key (%#)", (make) => {
    expect(make).toThrow(PermanentError);
  });
});

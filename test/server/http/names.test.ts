import { describe, expect, test } from "bun:test";
import { cleanName, freeName } from "../../../server/http/names.ts";

describe("cleanName", () => {
  test("keeps one line without spaces at its ends", () => {
    expect(cleanName("  Momentum,\n\t AAPL ", "scenario")).toBe("Momentum, AAPL");
  });

  test("counts characters as people do, and writes those of two parts as one", () => {
    expect(cleanName("e\u0301".repeat(100), "scenario")).toBe("é".repeat(100));
    expect(() => cleanName("🦊".repeat(101), "scenario")).toThrow("this one has 101");
  });
});

describe("freeName", () => {
  test("takes the first number that is free, in any case", () => {
    expect(freeName("A", "copy", [])).toBe("A (copy)");
    expect(freeName("A", "copy", ["a (COPY)", "A (copy 3)"])).toBe("A (copy 2)");
  });

  test("stays within the length of a name", () => {
    const long = "x".repeat(100);
    const copy = freeName(long, "copy", []);
    expect(copy).toBe(`${"x".repeat(93)} (copy)`);
    expect(freeName(long, "copy", [copy])).toBe(`${"x".repeat(91)} (copy 2)`);
  });
});

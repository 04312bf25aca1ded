import { describe, expect, test } from "bun:test";
import { documentFile, withTables } from "./document.ts";
import { readRecorded } from "./figures.ts";
import { capacityTables } from "./tables.ts";

const text = await Bun.file(documentFile).text();
const figures = await readRecorded();

describe("CAPACITY.md", () => {
  test("has the tables that the recorded figures make, to the letter: `bun run bench --capacity-tables` writes them anew", () => {
    expect(withTables(text, figures)).toBe(text);
  });

  test("has no table with a row that says nothing, and no figure that is none", () => {
    for (const table of Object.values(capacityTables(figures))) {
      expect(table).not.toMatch(/NaN|Infinity|undefined|-\d/);
      const widths = table.split("\n").map((row) => row.split("|").length);
      expect(new Set(widths).size).toBe(1);
    }
  });

  test("that lacks a table's marks is refused by the name of them", () => {
    expect(() => withTables(text.replace("<!-- table: bytes -->", ""), figures)).toThrow("<!-- table: bytes -->");
  });
});

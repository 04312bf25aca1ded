import { describe, expect, test } from "bun:test";
import { csvResponse, csvText } from "../../../server/http/csv.ts";

describe("a CSV field", () => {
  test.each([
    ["=1+1", "'=1+1"],
    ["+cmd", "'+cmd"],
    ["-cmd", "'-cmd"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\t=1"],
    [' =HYPERLINK("x")', `"' =HYPERLINK(""x"")"`],
    ["a,b", '"a,b"'],
    ["two\r\nlines", '"two\r\nlines"'],
    ["BRK.B", "BRK.B"],
    ["a\rb", '"a\rb"'],
    ["a\nb", '"a\nb"'],
    ["\u0001=1+1", "'=1+1"],
    ["\u202e=1+1", "'=1+1"],
    ["AB\u0000C\u001b[31m \u2066exe.\u202egnp", "ABC[31m exe.gnp"],
    [-0.5, "-0.5"],
    [null, ""],
  ])("%p neither breaks its row nor runs as a formula", (value, field) => {
    expect(csvText([[value]])).toBe(`${field}\r\n`);
  });
});

test("CSV is written while it is read, header first", async () => {
  const asked: number[] = [];
  const numbers = Array.from({ length: 1200 }, (_, index) => index);
  const response = csvResponse("n.csv", ["n", "=n"], numbers, (n) => {
    asked.push(n);
    return [n, null];
  });
  const reader = response.body?.getReader();
  const first = await reader?.read();
  expect(new TextDecoder().decode(first?.value)).toBe("n,'=n\r\n");
  expect(asked.length).toBeLessThan(1200);
  await reader?.cancel();
  const rows = await csvResponse("n.csv", ["n"], numbers, (n) => [n, null]).text();
  expect(rows.split("\r\n").slice(0, 3)).toEqual(["n", "0,", "1,"]);
  expect(rows.split("\r\n")).toHaveLength(1202);
});

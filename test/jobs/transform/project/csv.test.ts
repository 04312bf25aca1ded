import { describe, expect, test } from "bun:test";
import { parseCsv } from "../../../../jobs/transform/project/csv.ts";

describe("CSV is read as Python reads it", () => {
  test.each<[string, string, string[][]]>([
    [
      "quotes, delimiters and lines within quotes",
      'a,b\n"x, ""y""","one\ntwo"\n',
      [
        ["a", "b"],
        ['x, "y"', "one\ntwo"],
      ],
    ],
    [
      "lines of Windows, blank lines and no last line end",
      "a,b\r\n\r\n1,2\n\n3,4",
      [
        ["a", "b"],
        ["1", "2"],
        ["3", "4"],
      ],
    ],
    ["a byte order mark", "\uFEFFa\n1\n", [["a"], ["1"]]],
    [
      "a quote within a value",
      'a,b\n5" pipe,x"y"\n',
      [
        ["a", "b"],
        ['5" pipe', 'x"y"'],
      ],
    ],
    ["a value that begins with a quote", 'a\n"""x""y"\n', [["a"], ['"x"y']]],
    [
      "what goes on after a closing quote",
      'a,b\n"x"y"z,"p" \n"""q""r"s",t\n',
      [
        ["a", "b"],
        ['xy"z', "p "],
        ['"q"rs"', "t"],
      ],
    ],
    ["a blank in quotes, which is a row", 'a\n""\n \n', [["a"], [""], [" "]]],
    ["rows that end early", "a,b\n1\n", [["a", "b"], ["1"]]],
    ["no text", "", []],
  ])("%s", (_, text, rows) => {
    expect(parseCsv("s.csv", text)).toEqual(rows);
  });

  test("with another delimiter", () => {
    expect(parseCsv("s.csv", 'a§b\n"x§y"§"p"q\n', "§")).toEqual([
      ["a", "b"],
      ["x§y", "pq"],
    ]);
  });
});

describe("CSV that cannot be read is refused by its line", () => {
  test.each([
    ['a,b\n\n"1\n2",3\n4,5,6\n', "s.csv:5: has 3 values, where there are 2 columns"],
    ['a\n"b\n', "s.csv:2: a quote is opened and not closed"],
  ])("%p", (text, message) => {
    expect(() => parseCsv("s.csv", text)).toThrow(message);
  });
});

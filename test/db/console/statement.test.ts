import { describe, expect, test } from "bun:test";
import { readStatement, StatementError } from "../../../db/console/statement.ts";

const problemOf = (text: string) => {
  try {
    readStatement(text);
  } catch (error) {
    if (error instanceof StatementError) return { message: error.message, ...error.details };
    throw error;
  }
  return null;
};

describe("a statement", () => {
  test.each([
    ["select 1", "query"],
    ["  SELECT 1 ;; ", "query"],
    ["-- a note\n/* and /* another */ */ with a as (select 1) table a", "query"],
    ["((select 1) union (values (2)))", "query"],
    ["explain select 1", "explain"],
    ["explain analyze verbose select 1", "explain"],
    ["explain (analyze, format json) (select 1)", "explain"],
    ["explain (select 1)", "explain"],
    ["select ';', $$;$$, $a$ ; $$ $a$, E'\\';', \"a;b\" -- ;", "query"],
  ] as const)("%p is a %p", (text, kind) => {
    expect(readStatement(text).kind).toBe(kind);
  });

  test("loses its semicolons, and nothing else", () => {
    expect(readStatement(" select 1 -- why\n ; ;\n").text).toBe(" select 1");
    expect(readStatement("select ';'").text).toBe("select ';'");
  });

  test.each(
    [
      "set statement_timeout = 0",
      "set role barline_owner",
      "set session authorization barline",
      "reset role",
      "copy (select 1) to program 'id'",
      "copy dim_tickers to stdout",
      "do $$ begin perform 1; end $$",
      "begin",
      "commit",
      "call something()",
      "listen a",
      "notify a",
      "lock table dim_tickers",
      "create temp table a (b int)",
      "prepare a as select 1",
      "prepare transaction 'a'",
      "execute a",
      "declare a cursor for select 1",
      "insert into dim_tickers select 1",
      "explain analyze insert into dim_tickers select 1",
      "explain (analyze) create table a as select 1",
      "explain execute a",
      "vacuum",
      "show all",
      "load 'a'",
      '"select" 1',
    ].map((text) => [text]),
  )("%p is refused as no query", (text) => {
    expect(problemOf(text)?.message).toStartWith("Only queries are run here");
  });

  test("is one: a second is refused where it begins", () => {
    expect(problemOf("select 1; drop table x")).toEqual({
      message: "One statement is run at a time; a second one begins here.",
      position: 11,
    });
    expect(problemOf("select '😀'; select 2")?.position).toBe(13);
    expect(problemOf("")?.message).toStartWith("There is no statement.");
    expect(problemOf(";")?.message).toStartWith("There is no statement.");
  });

  test("has no parameters and no names that hide what they are", () => {
    expect(problemOf("select $1")).toMatchObject({ position: 8 });
    expect(problemOf('select U&"pg\\005fsleep"(1)')).toMatchObject({ position: 8 });
  });

  test("tells what it calls, however that is written", () => {
    const calls = (text: string) => readStatement(text).calls.map(({ name }) => name);
    expect(calls("select A.B /* no */ (1), \"C d\" (2), 'e(', $$f($$, g -- (\n(3)")).toEqual(["b", "C d", "g"]);
    expect(calls("select x from t as u(v)")).toEqual(["u"]);
    expect(calls("select a$b(1)")).toEqual(["a$b"]);
    expect(calls("select E'\\' || pg_sleep(1) || \\''")).toEqual([]);
    expect(calls("select '\\', pg_sleep(1), '")).toEqual(["pg_sleep"]);
    // A text goes on in the next line as it began.
    expect(calls("select E'a'\n'\\'' , pg_sleep(1), ''")).toEqual(["pg_sleep"]);
    expect(calls("select E'a' -- b\n'\\'' , pg_sleep(1), ''")).toEqual(["pg_sleep"]);
  });
});

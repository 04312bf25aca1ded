import {
  readArguments,
  readExpression,
  readFilters,
  readOneTarget,
  readParameters,
  readTarget,
  readTuple,
} from "./expressions.ts";
import { SyntaxFault, tokenize } from "./lexer.ts";
import { createReader, type Reader } from "./reader.ts";
import type { Expression, Macro, Statement, Target, Template } from "./syntax.ts";

type Parser = { reader: Reader; macros: Macro[] };
/** The tag that ended a body, and its line. */
type Ended = { body: Statement[]; by: string };

/** Reads a template that begins on a line of its file. Macros are found wherever they stand. */
export function parseTemplate(source: string, firstLine = 1): Template {
  const parser: Parser = { reader: createReader(tokenize(source, firstLine)), macros: [] };
  const { body } = readBody(parser, []);
  return { body, macros: parser.macros };
}

/** Reads up to the first of the tags in `ends`, whose `{%` and name are taken; up to the end of the file where there are none. */
function readBody(parser: Parser, ends: string[], opened = 1): Ended {
  const { reader } = parser;
  const body: Statement[] = [];
  for (;;) {
    const token = reader.next();
    const { kind, value, line } = token;
    if (kind === "end") {
      if (ends.length === 0) return { body, by: "" };
      throw new SyntaxFault(`{% ${ends.at(-1)} %} is missing for the block that begins here`, opened);
    }
    if (kind === "text") body.push({ kind: "text", line, value });
    else if (value === "{{") {
      body.push({ kind: "print", line, value: readTuple(reader) });
      reader.expect("}}");
    } else {
      const tag = reader.name();
      if (ends.includes(tag)) return { body, by: tag };
      body.push(readStatement(parser, tag, line));
    }
  }
}

/** The end of a tag; before a body a colon may stand there, as in Python. */
function close(reader: Reader): void {
  reader.take(":");
  reader.expect("%}");
}

/** What ends a block: its `{% end… %}`, which may repeat a name. */
function readInner(parser: Parser, end: string, line: number): Statement[] {
  const { body } = readBody(parser, [end], line);
  if (parser.reader.peek().kind === "name") parser.reader.next();
  close(parser.reader);
  return body;
}

function readStatement(parser: Parser, tag: string, line: number): Statement {
  const { reader } = parser;
  switch (tag) {
    case "set":
      return readSet(parser, line);
    case "if":
      return readIf(parser, line);
    case "for":
      return readFor(parser, line);
    case "do": {
      const value = readTuple(reader);
      close(reader);
      return { kind: "do", line, value };
    }
    case "macro":
    case "test":
    case "data_test":
      return readMacro(parser, tag, line);
    case "call": {
      const parameters = reader.at("(") ? readParameters(reader) : [];
      const value = readExpression(reader);
      close(reader);
      return { kind: "call", line, parameters, value, body: readInner(parser, "endcall", line) };
    }
    case "filter": {
      const name = reader.peek();
      const filters = readFilterChain(reader, { kind: "name", line: name.line, name: "caller" });
      close(reader);
      return { kind: "filterBlock", line, filters, body: readInner(parser, "endfilter", line) };
    }
    case "break":
    case "continue":
      close(reader);
      return { kind: tag, line };
    case "with":
      return readWith(parser, line);
    default:
      throw new SyntaxFault(`the Jinja block {% ${tag} %} is not supported yet`, line);
  }
}

/** `name(…) | name`, applied to what is in a block. */
function readFilterChain(reader: Reader, of: Expression): Expression {
  const { line } = reader.peek();
  const name = reader.name();
  const args = reader.at("(") ? readArguments(reader) : { positional: [], named: [], spread: [] };
  return readFilters(reader, { kind: "filter", line, of, name, args });
}

function readSet(parser: Parser, line: number): Statement {
  const { reader } = parser;
  const target = readTarget(reader);
  if (reader.take("=")) {
    const value = readTuple(reader);
    close(reader);
    return { kind: "set", line, target, value };
  }
  const filters = reader.at("|") ? readFilters(reader, { kind: "name", line, name: "caller" }) : undefined;
  close(reader);
  return { kind: "setBlock", line, target, filters, body: readInner(parser, "endset", line) };
}

function readIf(parser: Parser, line: number): Statement {
  const { reader } = parser;
  const branches: { when: Expression | undefined; body: Statement[] }[] = [];
  let when: Expression | undefined = readTuple(reader, false);
  for (;;) {
    close(reader);
    const { body, by } = readBody(parser, ["elif", "else", "endif"], line);
    branches.push({ when, body });
    if (by === "endif") break;
    when = by === "elif" ? readTuple(reader, false) : undefined;
  }
  close(reader);
  return { kind: "if", line, branches };
}

function readFor(parser: Parser, line: number): Statement {
  const { reader } = parser;
  const target = readTarget(reader);
  reader.expect("in");
  const over = readTuple(reader, false);
  const when = reader.take("if") ? readExpression(reader) : undefined;
  const recursive = reader.take("recursive");
  close(reader);
  const { body, by } = readBody(parser, ["else", "endfor"], line);
  if (by === "endfor") {
    close(reader);
    return { kind: "for", line, target, over, when, body, otherwise: [], recursive };
  }
  close(reader);
  return { kind: "for", line, target, over, when, body, otherwise: readInner(parser, "endfor", line), recursive };
}

/** `{% with a = 1, b = 2 %}`: names of its body alone. */
function readWith(parser: Parser, line: number): Statement {
  const { reader } = parser;
  const values: { target: Target; value: Expression }[] = [];
  while (!reader.at("%}") && !reader.at(":")) {
    if (values.length > 0) reader.expect(",");
    const target = readOneTarget(reader);
    reader.expect("=");
    values.push({ target, value: readExpression(reader) });
  }
  close(reader);
  return { kind: "with", line, values, body: readInner(parser, "endwith", line) };
}

/** A macro, or a generic test, which dbt keeps as the macro `test_<name>`. */
function readMacro(parser: Parser, tag: "macro" | "test" | "data_test", line: number): Statement {
  const { reader } = parser;
  const name = reader.name();
  const parameters = readParameters(reader);
  close(reader);
  const body = readInner(parser, `end${tag}`, line);
  const macro: Macro = { name: tag === "macro" ? name : `test_${name}`, line, parameters, body };
  parser.macros.push(macro);
  return { kind: "macro", line, macro };
}

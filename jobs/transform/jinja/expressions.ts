import { SyntaxFault } from "./lexer.ts";
import { whole } from "./numbers.ts";
import type { Reader } from "./reader.ts";
import type { Arguments, Expression, Parameter, Target } from "./syntax.ts";

/** Reads an expression, `a if b else c` included. */
export function readExpression(reader: Reader): Expression {
  let value = readOr(reader);
  while (reader.at("if")) {
    const { line } = reader.next();
    const when = readOr(reader);
    const otherwise = reader.take("else") ? readExpression(reader) : undefined;
    value = { kind: "condition", line, when, value, otherwise };
  }
  return value;
}

/** One expression, or several with commas between them, which make a tuple. */
export function readTuple(reader: Reader, withCondition = true): Expression {
  const read = () => (withCondition ? readExpression(reader) : readOr(reader));
  const first = read();
  if (!reader.at(",")) return first;
  const items = [first];
  while (reader.take(",")) {
    const { kind, value } = reader.peek();
    if (kind === "close" || value === ")" || value === "=") break;
    items.push(read());
  }
  return { kind: "tuple", line: first.line, items };
}

function readOr(reader: Reader): Expression {
  return readLevel(reader, ["or"], () => readLevel(reader, ["and"], () => readNot(reader)));
}

function readLevel(reader: Reader, operators: string[], below: () => Expression): Expression {
  let left = below();
  while (operators.some((operator) => reader.at(operator))) {
    const { value: operator, line } = reader.next();
    left = { kind: "binary", line, operator, left, right: below() };
  }
  return left;
}

function readNot(reader: Reader): Expression {
  const { line } = reader.peek();
  return reader.take("not") ? { kind: "unary", line, operator: "not", of: readNot(reader) } : readComparison(reader);
}

function readComparison(reader: Reader): Expression {
  const first = readSum(reader);
  const rest: { operator: string; right: Expression }[] = [];
  for (;;) {
    const operator = ["==", "!=", "<", "<=", ">", ">=", "in"].find((candidate) => reader.at(candidate));
    if (operator !== undefined) {
      reader.next();
      rest.push({ operator, right: readSum(reader) });
    } else if (reader.at("not") && reader.peek(1).value === "in") {
      reader.next();
      reader.next();
      rest.push({ operator: "not in", right: readSum(reader) });
    } else break;
  }
  return rest.length === 0 ? first : { kind: "comparison", line: first.line, first, rest };
}

const readSum = (reader: Reader) => readLevel(reader, ["+", "-"], () => readConcatenation(reader));
const readConcatenation = (reader: Reader) => readLevel(reader, ["~"], () => readProduct(reader));
const readProduct = (reader: Reader) => readLevel(reader, ["*", "/", "//", "%"], () => readPower(reader));

/** From the left, and weaker than a sign and a filter: `2 ** 3 | string` raises to a text. */
const readPower = (reader: Reader) => readLevel(reader, ["**"], () => readSign(reader));

/** A sign binds to a value before what comes after it, its filters too. */
function readSign(reader: Reader, withFilters = true): Expression {
  const { line, value } = reader.peek();
  const signed = reader.take("-") || reader.take("+");
  const of: Expression = signed
    ? { kind: "unary", line, operator: value === "-" ? "-" : "+", of: readSign(reader, false) }
    : readPrimary(reader);
  const whole = readPostfix(reader, of);
  return withFilters ? readFilters(reader, whole) : whole;
}

/** `| filter(…)` and `is test …`, which come after anything else that binds to a value. */
export function readFilters(reader: Reader, value: Expression): Expression {
  let of = value;
  for (;;) {
    const { line } = reader.peek();
    if (reader.take("|")) {
      const name = reader.name();
      of = { kind: "filter", line, of, name, args: reader.at("(") ? readArguments(reader) : noArguments() };
    } else if (reader.take("is")) {
      const negated = reader.take("not");
      of = { kind: "test", line, of, name: reader.name(), args: readTestArguments(reader), negated };
      if (of.args.positional.length === 0 && reader.at("is"))
        throw new SyntaxFault("tests cannot follow each other", line);
    } else if (reader.at("(")) of = { kind: "call", line, of, args: readArguments(reader) };
    else return of;
  }
}

const noArguments = (): Arguments => ({ positional: [], named: [], spread: [] });

/** `is divisibleby 3`: one argument may stand without parentheses. */
function readTestArguments(reader: Reader): Arguments {
  if (reader.at("(")) return readArguments(reader);
  const { kind, value, line } = reader.peek();
  const starts =
    kind === "string" || kind === "integer" || kind === "float" || kind === "name" || reader.at("[") || reader.at("{");
  if (!starts || ["else", "or", "and"].some((word) => reader.at(word))) return noArguments();
  if (reader.at("is")) throw new SyntaxFault("tests cannot follow each other", line);
  if (kind === "name" && ["if", "in", "not"].includes(value)) return noArguments();
  return { ...noArguments(), positional: [{ value: readPostfix(reader, readPrimary(reader)), spread: false }] };
}

function readPostfix(reader: Reader, value: Expression): Expression {
  let of = value;
  for (;;) {
    const { line } = reader.peek();
    if (reader.take(".")) {
      const token = reader.next();
      if (token.kind === "integer") {
        of = { kind: "item", line, of, key: { kind: "literal", line, value: Number(token.value) } };
      } else if (token.kind === "name") of = { kind: "attribute", line, of, name: token.value };
      else throw new SyntaxFault(`a name is missing before '${token.value}'`, token.line);
    } else if (reader.take("[")) of = readSubscript(reader, of);
    else if (reader.at("(")) of = { kind: "call", line, of, args: readArguments(reader) };
    else return of;
  }
}

function readSubscript(reader: Reader, of: Expression): Expression {
  const { line } = reader.peek();
  const part = () => (reader.at(":") || reader.at("]") ? undefined : readExpression(reader));
  const start = part();
  if (start && reader.take("]")) return { kind: "item", line, of, key: start };
  reader.expect(":");
  const stop = part();
  const step = reader.take(":") ? part() : undefined;
  reader.expect("]");
  return { kind: "slice", line, of, ...(start && { start }), ...(stop && { stop }), ...(step && { step }) };
}

/** What stands in parentheses after a name: first values, then named ones, then `*` and `**`. */
export function readArguments(reader: Reader): Arguments {
  const args = noArguments();
  const { line } = reader.expect("(");
  const spread = () => args.positional.some((part) => part.spread);
  const ensure = (holds: boolean) => {
    if (!holds) throw new SyntaxFault("the order of what is given to a call is wrong", line);
  };
  while (!reader.take(")")) {
    if (reader.take("**")) {
      ensure(args.spread.length === 0);
      args.spread.push(readExpression(reader));
    } else if (reader.take("*")) {
      ensure(!spread() && args.spread.length === 0);
      args.positional.push({ value: readExpression(reader), spread: true });
    } else if (reader.peek().kind === "name" && reader.peek(1).kind === "operator" && reader.peek(1).value === "=") {
      ensure(args.spread.length === 0);
      const name = reader.name();
      reader.next();
      args.named.push({ name, value: readExpression(reader) });
    } else {
      ensure(!spread() && args.spread.length === 0 && args.named.length === 0);
      args.positional.push({ value: readExpression(reader), spread: false });
    }
    if (!reader.at(")")) reader.expect(",");
  }
  return args;
}

const constants: Record<string, boolean | null> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

function readPrimary(reader: Reader): Expression {
  const token = reader.next();
  const { kind, value, line } = token;
  if (kind === "string") {
    let text = value;
    while (reader.peek().kind === "string") text += reader.next().value;
    return { kind: "literal", line, value: text };
  }
  if (kind === "integer") return { kind: "literal", line, value: whole(BigInt(value.replaceAll("_", ""))) };
  if (kind === "float") return { kind: "literal", line, value: Number(value.replaceAll("_", "")), float: true };
  if (kind === "name") {
    const constant = constants[value];
    return constant === undefined ? { kind: "name", line, name: value } : { kind: "literal", line, value: constant };
  }
  if (kind === "operator" && value === "(") return readParenthesis(reader, line);
  if (kind === "operator" && value === "[") {
    return { kind: "list", line, items: readItems(reader, "]", () => readExpression(reader)) };
  }
  if (kind === "operator" && value === "{") {
    const entries = readItems(reader, "}", (): [Expression, Expression] => {
      const key = readExpression(reader);
      reader.expect(":");
      return [key, readExpression(reader)];
    });
    return { kind: "dict", line, entries };
  }
  throw new SyntaxFault(`'${value}' is not understood here`, line);
}

function readParenthesis(reader: Reader, line: number): Expression {
  if (reader.take(")")) return { kind: "tuple", line, items: [] };
  const inner = readTuple(reader);
  reader.expect(")");
  return inner;
}

function readItems<T>(reader: Reader, end: string, read: () => T): T[] {
  const found: T[] = [];
  while (!reader.take(end)) {
    found.push(read());
    if (!reader.at(end)) reader.expect(",");
  }
  return found;
}

/** The parameters of a macro: `(a, b=1)`, with types that are read and mean nothing yet. */
export function readParameters(reader: Reader): Parameter[] {
  reader.expect("(");
  let optional = false;
  return readItems(reader, ")", () => {
    const { line } = reader.peek();
    const name = reader.name();
    if (reader.take(":")) readType(reader);
    const fallback = reader.take("=") ? readExpression(reader) : undefined;
    if (optional && !fallback) throw new SyntaxFault(`'${name}' needs a default, as one before it has one`, line);
    optional ||= fallback !== undefined;
    return { name, fallback };
  });
}

/** `dict[str, list[str]]` */
function readType(reader: Reader): void {
  reader.name();
  if (reader.take("[")) readItems(reader, "]", () => readType(reader));
}

/** What `set` and `for` write to; a name before `in` ends it. */
export function readTarget(reader: Reader): Target {
  const targets = [readOneTarget(reader)];
  let several = false;
  while (reader.take(",")) {
    several = true;
    if (reader.at("in") || reader.at(")")) break;
    targets.push(readOneTarget(reader));
  }
  const [first] = targets;
  return several || !first ? { kind: "tuple", targets } : first;
}

/** One target of several. */
export function readOneTarget(reader: Reader): Target {
  if (reader.take("(")) {
    const inner = readTarget(reader);
    reader.expect(")");
    return inner;
  }
  const { line } = reader.peek();
  const name = reader.name();
  if (Object.hasOwn(constants, name)) throw new SyntaxFault(`nothing can be given to '${name}'`, line);
  return reader.take(".") ? { kind: "attribute", of: name, name: reader.name() } : { kind: "name", name };
}

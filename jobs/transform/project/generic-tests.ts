import { createHash } from "node:crypto";
import { z } from "zod";
import type { ConfigLayer } from "./config.ts";
import type { ProjectFile } from "./files.ts";
import { type ColumnEntry, record, type TestEntry } from "./properties-schema.ts";
import { refuse } from "./refusal.ts";
import { testConfigKeys } from "./test-config.ts";
import { type Assertion, quoteIdentifier } from "./types.ts";

/** A generic test as declared, its Jinja not rendered yet. */
export type DeclaredTest = {
  /** dbt's full name. */
  name: string;
  alias: string;
  /** The generic test: `not_null`, or one of the project's own, with its package before it where that is said. */
  macro: string;
  file: ProjectFile;
  path: string;
  line: number;
  subject: string;
  column: string | undefined;
  description: string;
  given: Record<string, unknown>;
  config: ConfigLayer;
};

type Owner = {
  file: ProjectFile;
  subject: string;
  /** What stands for the subject in the test's name. */
  namePrefix: string;
  kindPrefix: string;
  lineOf(path: PropertyKey[]): number;
  at: PropertyKey[];
};
type Tested = { tests: TestEntry[]; data_tests: TestEntry[] };

/** The tests that YAML declares of a model or source and of its columns. */
export function declareTests(owner: Owner, whole: Tested, columns: ColumnEntry[]): DeclaredTest[] {
  const read = (tested: Tested, at: PropertyKey[], column: string | undefined) =>
    (["tests", "data_tests"] as const).flatMap((key) =>
      tested[key].map((entry, index) => declareTest(owner, [...at, key, index], entry, column)),
    );
  return [
    ...read(whole, owner.at, undefined),
    ...columns.flatMap((column, index) =>
      read(column, [...owner.at, "columns", index], column.quote ? quoteIdentifier(column.name) : column.name),
    ),
  ];
}

function declareTest(owner: Owner, at: PropertyKey[], entry: TestEntry, columnName: string | undefined): DeclaredTest {
  const line = owner.lineOf(at);
  const where = `${owner.file.path}:${line}`;
  const { macro, values } = unfoldEntry(where, owner.subject, entry);
  const { arguments: nested, config, name, description, ...plain } = values;
  const isConfig = ([key]: [string, unknown]) => testConfigKeys.includes(key);
  const inline = Object.entries(plain).filter(isConfig);
  const given: Record<string, unknown> = {
    ...(columnName !== undefined && { column_name: columnName }),
    ...Object.fromEntries(Object.entries(plain).filter((pair) => !isConfig(pair))),
    ...record.default({}).parse(nested),
  };
  const column = given.column_name === undefined ? undefined : String(given.column_name);
  const kind = owner.kindPrefix + macro.replaceAll(".", "_");
  const full = testName(kind, owner.namePrefix, given);
  const own = typeof name === "string" ? name : undefined;
  return {
    name: own ?? full,
    alias: shortName(kind, owner.namePrefix, own ?? full, own !== undefined),
    macro,
    file: owner.file,
    path: owner.file.path,
    line,
    subject: owner.subject,
    column,
    description: typeof description === "string" ? description.trim() : "",
    given,
    config: {
      where: `${where}: ${macro} of ${owner.subject}`,
      values: { ...Object.fromEntries(inline), ...record.default({}).parse(config) },
    },
  };
}

/** `- unique`, or `- unique: {…}`, or, with the key `test_name`, both in one. */
function unfoldEntry(where: string, subject: string, entry: TestEntry) {
  if (typeof entry === "string") return { macro: entry, values: {} as Record<string, unknown> };
  if (typeof entry.test_name === "string") {
    const { test_name, ...values } = entry;
    return { macro: test_name, values };
  }
  const [macro, ...others] = Object.keys(entry);
  if (macro === undefined || others.length > 0) throw refuse(where, `a test of ${subject} is not understood`);
  return { macro, values: record.parse(entry[macro] ?? {}) };
}

const clean = (value: unknown) => pythonText(value).replace(/[^0-9a-zA-Z_]+/g, "_");
const pythonText = (value: unknown): string =>
  value === true ? "True" : value === false ? "False" : value === null ? "None" : String(value);

/** dbt's own name for a generic test: of its arguments, in the order of their names. */
function testName(kind: string, subject: string, given: Record<string, unknown>): string {
  const parts = Object.keys(given)
    .sort()
    .flatMap((key) => {
      const value = given[key];
      return typeof value === "object" && value !== null ? Object.values(value) : [value];
    });
  return `${kind}_${subject}_${parts.map(clean).join("__")}`;
}

/** dbt's name for what Postgres has to hold: the beginning and a hash where the full one has 64 characters or more. */
function shortName(kind: string, subject: string, full: string, isOwn: boolean): string {
  if (full.length < 64 || isOwn) return full.slice(0, 63);
  return `${`${kind}_${subject}`.slice(0, 30)}_${createHash("md5").update(full).digest("hex")}`;
}

const acceptedValues = z.strictObject({
  values: z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).min(1),
  quote: z.boolean().default(true),
});
const relationship = z.strictObject({ to: z.string(), field: z.string() });

/** What one of dbt's own four asserts; undefined where the test is none of them. */
export function builtInAssertion(test: DeclaredTest): Assertion | undefined {
  const { macro, column = "", subject } = test;
  if (!["unique", "not_null", "accepted_values", "relationships"].includes(macro)) return undefined;
  const where = `${test.path}:${test.line}`;
  if (!column) throw refuse(where, `the test ${macro} of ${subject} names no column`);
  const { column_name: _, ...given } = test.given;
  const check = <Schema extends z.ZodType>(schema: Schema): z.output<Schema> => {
    const parsed = schema.safeParse(given);
    if (parsed.success) return parsed.data;
    const [problem] = z.prettifyError(parsed.error).split("\n");
    throw refuse(where, `the test ${macro} of ${subject}.${column}: ${problem}`);
  };
  if (macro === "accepted_values") {
    const { values, quote } = check(acceptedValues);
    return { kind: macro, column, values: values.map(pythonText), quote };
  }
  if (macro === "relationships") return { kind: macro, column, ...check(relationship) };
  check(z.strictObject({}));
  return { kind: macro === "unique" ? "unique" : "not_null", column };
}

import { fromPlain } from "../jinja/plain.ts";
import { str } from "../jinja/text.ts";
import { callable, type Value } from "../jinja/values.ts";
import { factsOf, fixtureOfThis } from "../project/compile.ts";
import { refuse } from "../project/refusal.ts";
import { type Fixture, literal, type Model, quoteIdentifier, type Relation, type UnitTest } from "../project/types.ts";
import { isStanding, readColumns } from "./catalog.ts";
import { type ModelContext, placeOf } from "./context.ts";
import { shortHash } from "./names.ts";
import { renderHere } from "./query.ts";
import { isStatementFault, type Session } from "./session.ts";
import type { TestResult } from "./types.ts";

export type UnitTestContext = Pick<ModelContext, "session" | "compiler" | "places"> & {
  models: Model[];
  now(): number;
  signal: AbortSignal | undefined;
};

const sampleSize = 20;
type Columns = { name: string; type: string }[];

/** Runs one unit test: the model's query on given rows, against the rows that are expected of it. */
export async function runUnitTest(context: UnitTestContext, test: UnitTest, model: Model): Promise<TestResult> {
  const started = context.now();
  let sql = "";
  const finish = (differing: unknown[], error?: string): TestResult => {
    const message =
      error ?? (differing.length > 0 ? "The rows that came out are not those that are expected." : undefined);
    return {
      name: test.name,
      kind: "unit",
      subject: test.model,
      columnName: null,
      status: error !== undefined ? "error" : differing.length > 0 ? "fail" : "pass",
      severity: "error",
      failures: differing.length,
      sample: differing.length > 0 ? differing.slice(0, sampleSize) : null,
      compiledSql: sql || null,
      storedIn: null,
      durationMs: context.now() - started,
      ...(message !== undefined && { message }),
    };
  };
  try {
    // A query that fails takes back only itself: what else is to be told of the build is still asked for.
    return await context.session.savepoint(async () => {
      const actual = await compileActual(context, test, model);
      sql = await comparison(context, test, actual);
      const rows = await context.session.run(sql);
      return finish(rows.map(({ row }) => row));
    });
  } catch (error) {
    if (!isStatementFault(error, context.signal)) throw error;
    return finish([], error.message);
  }
}

/** The model's query with given rows in the place of all that it reads. */
async function compileActual(context: UnitTestContext, test: UnitTest, model: Model): Promise<string> {
  const fixtures = new Map<string, string>();
  for (const [name, fixture] of test.given) {
    const sql = "sql" in fixture ? fixture.sql : await rowsOf(context, test, name, fixture.rows);
    fixtures.set(name, sql);
  }
  const { macros, vars, env_vars } = test.overrides;
  const names: Record<string, Value> = {};
  for (const [name, value] of Object.entries(macros))
    names[name.replace(/^.*\./, "")] = callable(() => fromPlain(value));
  if (test.given.has("this")) names.this = fixtureOfThis();
  return renderHere(context, (query) =>
    context.compiler.render(model.path, model.text, {
      ...{ self: model.relation, package: model.package },
      node: factsOf(model),
      incremental: macros.is_incremental === true,
      ...{ line: model.line, fixtures, names, variables: vars, environment: env_vars, query },
    }),
  );
}

/** Given rows as a query, each value of the type that the column has in what they stand for. */
async function rowsOf(context: UnitTestContext, test: UnitTest, name: string, rows: Record<string, unknown>[]) {
  const where = `${test.path}:${test.line}`;
  const relation = placeOf(context, name === "this" ? test.model : name);
  if (context.models.some((model) => model.name === name && model.config.materialized === "ephemeral")) {
    throw refuse(where, `'${name}' is ephemeral and has no columns to look up; give its rows in the format sql`);
  }
  const found = await columnsOf(context.session, relation);
  const columns = found.length === 0 && name === "this" ? await columnsToBe(context, test) : found;
  if (columns.length === 0) throw refuse(where, `the columns of '${name}' are not known, as it does not stand yet`);
  return valuesSql(where, name, columns, rows, true);
}

/** The columns that a model is about to have: those of its full query. */
async function columnsToBe(context: UnitTestContext, test: UnitTest): Promise<Columns> {
  const { session, compiler, models } = context;
  const model = models.find(({ name }) => name === test.model);
  if (!model) return [];
  const sql = await renderHere(context, (query) => compiler.renderModel(model, { query }));
  return probeColumns(session, sql);
}

/** The columns of a query, without asking it for a row. */
async function probeColumns(session: Session, sql: string): Promise<Columns> {
  const identifier = `barline_probe_${shortHash(sql)}`;
  await session.run(`create temp table ${identifier} on commit drop as select * from (\n${sql}\n) as probed limit 0`);
  const columns = await readColumns(session, { schema: "pg_temp", identifier });
  await session.run(`drop table pg_temp.${identifier}`);
  return columns;
}

async function columnsOf(session: Session, relation: Relation): Promise<Columns> {
  return (await isStanding(session, relation)) ? readColumns(session, relation) : [];
}

/** Rows as SQL; columns that a row leaves out are null where all are wanted. */
function valuesSql(
  where: string,
  name: string,
  columns: Columns,
  rows: Record<string, unknown>[],
  all: boolean,
): string {
  const byName = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  const given = rows.map((row) => new Map(Object.entries(row).map(([key, value]) => [key.toLowerCase(), value])));
  for (const key of given.flatMap((row) => [...row.keys()])) {
    if (!byName.has(key))
      throw refuse(where, `'${key}' is no column of '${name}'; it has ${[...byName.keys()].join(", ")}`);
  }
  const wanted = all ? columns : columns.filter((column) => given[0]?.has(column.name.toLowerCase()));
  const line = (row: Map<string, unknown>) =>
    wanted
      .map(
        ({ name: column, type }) =>
          `cast(${sqlValue(row.get(column.toLowerCase()))} as ${type}) as ${quoteIdentifier(column)}`,
      )
      .join(", ");
  if (given.length === 0) return `select ${line(new Map())} limit 0`;
  return given.map((row) => `select ${line(row)}`).join("\nunion all\n");
}

function sqlValue(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return literal(value);
  return literal(value instanceof Date ? value.toISOString() : str(fromPlain(JSON.stringify(value))));
}

/** The rows that are on one side only, each with which. */
async function comparison(context: UnitTestContext, test: UnitTest, actual: string): Promise<string> {
  const where = `${test.path}:${test.line}`;
  const columns = await probeColumns(context.session, actual);
  const { sql, names } = expected(where, test, columns);
  const list = names.map(quoteIdentifier).join(", ");
  return `with actual as (select ${list} from (\n${actual}\n) as built),
expected as (select ${list} from (\n${sql}\n) as given),
missing as (select * from expected except all select * from actual),
unexpected as (select * from actual except all select * from expected)
select jsonb_build_object('actual_or_expected', 'expected') || to_jsonb(missing) as row from missing
union all
select jsonb_build_object('actual_or_expected', 'actual') || to_jsonb(unexpected) as row from unexpected`;
}

function expected(where: string, test: UnitTest, columns: Columns): { sql: string; names: string[] } {
  const fixture: Fixture = test.expect;
  if ("sql" in fixture) return { sql: fixture.sql, names: columns.map(({ name }) => name) };
  const [first] = fixture.rows;
  const keys = Object.keys(first ?? {}).map((key) => key.toLowerCase());
  const named = first ? columns.filter(({ name }) => keys.includes(name.toLowerCase())) : columns;
  const sql = valuesSql(where, `the output of ${test.model}`, columns, fixture.rows, !first);
  return { sql, names: named.map(({ name }) => name) };
}

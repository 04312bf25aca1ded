import type { Compiler } from "./compile.ts";
import { parseCsv } from "./csv.ts";
import type { ProjectFile } from "./files.ts";
import { asList, type DeclaredUnitTest } from "./properties.ts";
import type { FixtureEntry } from "./properties-schema.ts";
import { refuse } from "./refusal.ts";
import type { Fixture, Model, UnitTest } from "./types.ts";

export type UnitTestContext = { compiler: Compiler; models: Model[]; fixtures: ProjectFile[] };

/** Reads a unit test; undefined where it is disabled, or its model is. */
export function readUnitTest(context: UnitTestContext, { entry, file, line }: DeclaredUnitTest): UnitTest | undefined {
  const where = `${file.path}:${line}`;
  const model = context.models.find(({ name }) => name === entry.model);
  if (!entry.config.enabled) return undefined;
  if (!model) throw refuse(where, `tests the model '${entry.model}', which is not in the project`);
  if (model.resourceType !== "model")
    throw refuse(where, `only models have unit tests; '${model.name}' is a ${model.resourceType}`);
  const given = new Map<string, Fixture>();
  for (const { input, ...rows } of entry.given) {
    given.set(readInput(context, file, line, input), readFixture(context, where, rows));
  }
  const { macros, vars, env_vars } = entry.overrides;
  const environment = Object.fromEntries(Object.entries(env_vars).map(([key, value]) => [key, String(value)]));
  return {
    name: entry.name,
    uniqueId: `unit_test.${file.package}.${entry.model}.${entry.name}`,
    package: file.package,
    fqn: [file.package, ...file.place.split("/").slice(0, -1), entry.model, entry.name],
    path: file.path,
    line,
    description: entry.description.trim(),
    model: entry.model,
    given,
    expect: readFixture(context, where, entry.expect),
    overrides: { macros, vars, env_vars: environment },
    tags: [...asList(entry.config.tags), ...asList(entry.tags)],
  };
}

/** What an input stands for: `ref('x')`, `source('a', 'b')` or `this`. */
function readInput({ compiler }: UnitTestContext, file: ProjectFile, line: number, input: string): string {
  if (input.trim() === "this") return "this";
  let name: string | undefined;
  compiler.render(file.path, `{{ ${input} }}`, {
    ...{ line, package: file.package },
    execute: false,
    onDependency: (dependency) => {
      name = dependency;
    },
  });
  if (name === undefined) throw refuse(`${file.path}:${line}`, `the input '${input}' must be ref(), source() or this`);
  return name;
}

function readFixture({ fixtures }: UnitTestContext, where: string, entry: FixtureEntry): Fixture {
  const { format, rows } = entry;
  const text = entry.fixture === undefined ? rows : fixtureText(fixtures, where, entry.fixture, format);
  if (format === "sql") {
    if (typeof text !== "string") throw refuse(where, "rows in the format sql are a query");
    return { sql: text };
  }
  if (format === "csv") {
    if (typeof text !== "string") throw refuse(where, "rows in the format csv are a text");
    return { rows: csvRows(where, text) };
  }
  if (typeof text === "string") throw refuse(where, "rows in the format dict are a list of what each column holds");
  return { rows: text ?? [] };
}

function fixtureText(fixtures: ProjectFile[], where: string, name: string, format: string): string {
  const found = fixtures.find(({ path }) => path.replace(/^.*\//, "") === `${name}.${format}`);
  if (!found) throw refuse(where, `there is no tests/fixtures/${name}.${format}`);
  return found.text;
}

function csvRows(where: string, text: string): Record<string, unknown>[] {
  const [header = [], ...rows] = parseCsv(where, text);
  return rows.map((row) =>
    Object.fromEntries(header.map((name, index) => [name.trim(), row[index]?.trim() ? row[index]?.trim() : null])),
  );
}

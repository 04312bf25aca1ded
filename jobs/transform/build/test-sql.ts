import { fromPlain } from "../jinja/plain.ts";
import { Dict, type Value } from "../jinja/values.ts";
import type { Compiler, CompileScope } from "../project/compile.ts";
import { relationValue } from "../project/context/relations.ts";
import { type DataTest, literal, quoteRelation, type Relation } from "../project/types.ts";

/** A data test and where its sides stand. */
export type TestTarget = {
  test: DataTest;
  /** Where the rows to test are: the subject, or, in an incremental build, what it is about to write. */
  relation: Relation;
  /** Of an ephemeral subject, its query: it stands nowhere. */
  inline: string | undefined;
  /** The database's name, for the relation that a test of the project's own is given. */
  database: string;
  /** The other side of a relationship, as SQL. */
  otherSide: string | undefined;
  scope: CompileScope;
};

const facts = (test: DataTest) => ({
  name: test.name,
  uniqueId: test.uniqueId,
  package: test.package,
  fqn: test.fqn,
  resourceType: "test",
  path: test.path,
  config: { ...test.config.values, severity: test.config.severity },
  tags: test.config.tags,
});

/** A test's `path` may end in a line. */
function render(compiler: Compiler, { test, scope }: TestTarget, text: string, names?: Record<string, Value>) {
  const [, path = test.path, line] = /^(.*?)(?::(\d+))?$/.exec(test.path) ?? [];
  return compiler.render(path, text, {
    package: test.package,
    ...scope,
    node: facts(test),
    ...(line !== undefined && { line: Number(line) }),
    ...(names && { names }),
  });
}

/** What a test reads from: its relation, or the part of it that `where` leaves. */
export function restricted(compiler: Compiler, target: TestTarget): string {
  const { relation, inline, test } = target;
  const name = inline === undefined ? quoteRelation(relation) : `(${inline}) as dbt_ephemeral`;
  if (test.config.where === undefined) return name;
  return `(select * from ${name} where ${render(compiler, target, test.config.where)}) as dbt_subquery`;
}

/** The query whose rows are the failures, as dbt writes it. */
export function failuresSql(compiler: Compiler, target: TestTarget): string {
  const { assertion, config } = target.test;
  const sql = assertion.kind === "custom" ? customSql(compiler, target) : builtInSql(compiler, target);
  return config.limit === undefined ? sql : `select * from (${sql}\n) as failing limit ${config.limit}`;
}

function builtInSql(compiler: Compiler, target: TestTarget): string {
  const { assertion } = target.test;
  if (assertion.kind === "singular") return render(compiler, target, assertion.text);
  const from = restricted(compiler, target);
  switch (assertion.kind) {
    case "not_null":
      return `select * from ${from} where ${assertion.column} is null`;
    case "unique":
      return `select ${assertion.column} as unique_field, count(*) as n_records from ${from} where ${assertion.column} is not null group by ${assertion.column} having count(*) > 1`;
    case "accepted_values": {
      const { column, quote } = assertion;
      const values = assertion.values.map((value) => (quote ? literal(value) : value)).join(", ");
      return `select * from (select ${column} as value_field, count(*) as n_records from ${from} group by ${column}) as all_values where value_field not in (${values})`;
    }
    case "relationships": {
      const { column, field } = assertion;
      return `select child.from_field from (select ${column} as from_field from ${from} where ${column} is not null) as child
        left join (select ${field} as to_field from ${target.otherSide}) as parent on child.from_field = parent.to_field
        where parent.to_field is null`;
    }
    default:
      return "";
  }
}

const looksLikeCall = /^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$/;

/** A generic test of the project's own, with its arguments rendered as dbt renders them. */
function customSql(compiler: Compiler, target: TestTarget): string {
  const { assertion, config } = target.test;
  if (assertion.kind !== "custom") return "";
  const isCall = (name: string, given: unknown): given is string =>
    typeof given === "string" && name !== "column_name" && looksLikeCall.test(given);
  const value = (name: string, given: unknown): Value => {
    if (typeof given !== "string" || name === "column_name") return fromPlain(given);
    return given.includes("{{") ? render(compiler, target, given) : given;
  };
  const plain = config.where === undefined && target.inline === undefined;
  const model = plain ? relationValue(target.relation, target.database) : restricted(compiler, target);
  // An ephemeral one stands within the query, which ref() puts there.
  const isInline = config.where === undefined && target.inline !== undefined;
  const given = new Dict(isInline ? [] : [["model", model]]);
  const all = Object.entries(assertion.given);
  for (const [name, argument] of all) if (!isCall(name, argument)) given.set(name, value(name, argument));
  // What is a call, ref('x'), is written as one: it gives a relation, and no text.
  const calls = all.flatMap(([name, argument]) => (isCall(name, argument) ? [`${name}=${argument}, `] : []));
  if (isInline) calls.push(`model=ref('${target.test.subject}'), `);
  const call = `{{ ${assertion.macro}(${calls.join("")}**test_arguments) }}`;
  return render(compiler, target, call, { test_arguments: given });
}

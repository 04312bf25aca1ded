import { refuse } from "../project/refusal.ts";
import {
  type Column,
  type Constraint,
  type Model,
  quoteIdentifier,
  quoteRelation,
  type Relation,
} from "../project/types.ts";
import type { ModelContext } from "./context.ts";
import { shortHash } from "./names.ts";
import { renderHere } from "./query.ts";
import type { Rows, Session } from "./session.ts";

const nameOf = ({ name, quote }: Column) => (quote ? quoteIdentifier(name) : name);

/** Holds a query to the columns and types that the model's contract declares; nothing where it has none. */
export async function assertContract({ session }: ModelContext, model: Model, sql: string): Promise<void> {
  if (!model.config.contract) return;
  if (model.columns.length === 0)
    throw refuse(model.path, "its contract is enforced, and no YAML file names its columns");
  const declared = model.columns.map((column) => `cast(null as ${typeOf(model, column)}) as ${nameOf(column)}`);
  const wanted = await shapeOf(session, `select ${declared.join(", ")}`);
  const found = await shapeOf(session, sql);
  const problems = [
    ...[...found].flatMap(([name, type]) => {
      const other = wanted.get(name);
      if (other === undefined) return [`${name} is not in the contract`];
      return other === type ? [] : [`${name} is ${type}, where the contract says ${other}`];
    }),
    ...[...wanted.keys()].filter((name) => !found.has(name)).map((name) => `${name} is not in the query`),
  ];
  if (problems.length > 0) throw refuse(model.path, `its contract is not kept: ${problems.join("; ")}`);
}

function typeOf(model: Model, { name, dataType }: Column): string {
  if (dataType === undefined) throw refuse(model.path, `its contract is enforced, and '${name}' has no data_type`);
  return dataType;
}

/** Columns of a query, by name, and their types without sizes. */
async function shapeOf(session: Session, sql: string): Promise<Map<string, string>> {
  const name = `barline_shape_${shortHash(sql)}`;
  await session.run(`create temp table ${name} on commit drop as select * from (\n${sql}\n) as shaped limit 0`);
  const rows = await session.run(`
    select attname, format_type(atttypid, null) as type from pg_attribute
    where attrelid = 'pg_temp.${name}'::regclass and attnum > 0 and not attisdropped order by attnum`);
  await session.run(`drop table pg_temp.${name}`);
  return new Map(rows.map(({ attname, type }) => [String(attname), String(type)]));
}

/** Fills a table that has the declared types and constraints. */
export async function createContracted(
  context: ModelContext,
  model: Model,
  relation: Relation,
  sql: string,
): Promise<Rows> {
  await assertContract(context, model, sql);
  const parts = await Promise.all([
    ...model.columns.map(async (column) => {
      const constraints = (column.constraints ?? []).map((constraint) => columnSql(context, model, constraint));
      return [nameOf(column), typeOf(model, column), ...(await Promise.all(constraints))].join(" ");
    }),
    ...model.constraints.map((constraint) => tableSql(context, model, constraint)),
  ]);
  const names = model.columns.map(nameOf).join(", ");
  await context.session.run(`create table ${quoteRelation(relation)} (${parts.filter(Boolean).join(", ")})`);
  return context.session.whole(
    `insert into ${quoteRelation(relation)} (${names}) select ${names} from (\n${sql}\n) as model_subq`,
  );
}

/** The other table of a foreign key, `ref('x')`, and its columns, where it stands in this build. */
async function otherSide(
  context: ModelContext,
  model: Model,
  { to, toColumns, expression }: Constraint,
): Promise<string> {
  if (to === undefined || toColumns.length === 0) return expression ?? "";
  const text = to.includes("{{") ? to : `{{ ${to} }}`;
  const table =
    /^\s*(ref|source)\s*\(/.test(to) || to.includes("{{")
      ? await renderHere(context, (query) =>
          context.compiler.render(model.path, text, { query, package: model.package }),
        )
      : to;
  return `${table} (${toColumns.join(", ")})`;
}

async function columnSql(context: ModelContext, model: Model, constraint: Constraint): Promise<string> {
  const { type, expression = "" } = constraint;
  switch (type) {
    case "check":
      return expression && `check (${expression})`;
    case "not_null":
      return `not null ${expression}`;
    case "unique":
      return `unique ${expression}`;
    case "primary_key":
      return `primary key ${expression}`;
    case "foreign_key": {
      const other = await otherSide(context, model, constraint);
      return other && `references ${other}`;
    }
    case "custom":
      return expression;
  }
}

async function tableSql(context: ModelContext, model: Model, constraint: Constraint): Promise<string> {
  const { type, expression, columns } = constraint;
  const named = constraint.name === undefined ? "" : `constraint ${constraint.name} `;
  const list = `(${columns.join(", ")})`;
  switch (type) {
    case "check":
      return expression ? `${named}check (${expression})` : "";
    case "unique":
      return `${named}unique ${expression ?? ""} ${list}`;
    case "primary_key":
      return `${named}primary key ${expression ?? ""} ${list}`;
    case "foreign_key": {
      const other = await otherSide(context, model, constraint);
      return other && `${named}foreign key ${list} references ${other}`;
    }
    case "custom":
      return expression ? `${named}${expression}` : "";
    case "not_null":
      return "";
  }
}

import { type JsonValue, readerRole, type Sql } from "../../../db/client.ts";
import { literal, quoteIdentifier, quoteRelation, type Relation } from "../project/types.ts";
import { readColumns } from "./catalog.ts";
import { shortHash } from "./names.ts";
import type { Session } from "./session.ts";
import type { TestTarget } from "./test-sql.ts";

/** Failing rows kept of each test where the build that found them publishes nothing. */
const keptRows = 10_000;

/** The failing rows of a test, in a table that only this build sees. */
export type StoredFailures = {
  /** Where they will be. */
  relation: Relation;
  /** Where they are now, as SQL. */
  working: string;
  as: "table" | "view";
  target: TestTarget;
  columns: { name: string; type: string }[];
  rows: unknown[];
};

const workName = ({ schema, identifier }: Relation): Relation => ({
  schema,
  identifier: `barline_build_${shortHash(identifier)}`,
});

/** Makes a schema of the project's own, whose relations the dashboard may read. */
const createSchema = (schema: string) =>
  [
    `create schema if not exists ${quoteIdentifier(schema)}`,
    // Granting again what is granted would wait for another build that does.
    grantIfReader(
      `grant usage on schema ${quoteIdentifier(schema)} to ${readerRole}`,
      `not has_schema_privilege(${literal(readerRole)}, ${literal(schema)}, 'usage')`,
    ),
  ].join(";\n");

/** Makes the schemas of failing rows before a build, so that no other build has to wait for it to end. */
export async function prepareStored(sql: Sql, schemas: ReadonlySet<string>): Promise<void> {
  for (const schema of schemas) await sql.begin((transaction) => transaction.unsafe(createSchema(schema)));
}

/** The same, where tables of the models stand, which the dashboard may read as they come. */
export const createModelSchema = (schema: string) =>
  [
    createSchema(schema),
    grantIfReader(
      `alter default privileges in schema ${quoteIdentifier(schema)} grant select on tables to ${readerRole}`,
    ),
  ].join(";\n");

/** A login that may not make roles has no reader. */
function grantIfReader(statement: string, condition = "true"): string {
  const has = `exists (select from pg_roles where rolname = ${literal(readerRole)})`;
  return `do $$ begin if ${has} then if ${condition} then ${statement}; end if; end if; end $$`;
}

const grantSelect = (relation: Relation) =>
  grantIfReader(`grant select on ${quoteRelation(relation)} to ${readerRole}`);

/** Keeps the rows that a test finds. Beside what is there, so that nobody who reads that has to wait for the build. */
export async function storeFailures(session: Session, target: TestTarget, sql: string): Promise<StoredFailures> {
  const { relation, config } = target.test;
  const working = workName(relation);
  await session.run(createSchema(relation.schema));
  await session.run(`create table ${quoteRelation(working)} as ${sql}`);
  const rows = await session.run(
    `select to_jsonb(failing) as row from ${quoteRelation(working)} as failing limit ${keptRows}`,
  );
  return {
    relation,
    working: quoteRelation(working),
    as: config.storeFailures ?? "table",
    target,
    columns: await readColumns(session, working),
    rows: rows.map(({ row }) => row),
  };
}

async function dropOld(run: (text: string) => Promise<Record<string, unknown>[]>, relation: Relation): Promise<void> {
  const [found] = await run(
    `select relkind from pg_class where oid = to_regclass(${literal(quoteRelation(relation))}) and relkind in ('r', 'v')`,
  );
  if (found) await run(`drop ${found.relkind === "v" ? "view" : "table"} ${quoteRelation(relation)} cascade`);
}

/** Puts the failing rows under their name, with what else the build publishes. `viewSql` is the test's query on published tables. */
export async function publishStored(
  session: Session,
  stored: StoredFailures,
  viewSql: () => Promise<string>,
): Promise<void> {
  const { relation } = stored;
  await dropOld((text) => session.run(text), relation);
  if (stored.as === "view") {
    await session.run(`create view ${quoteRelation(relation)} as ${await viewSql()}`);
    await session.run(`drop table ${stored.working}`);
  } else await session.run(`alter table ${stored.working} rename to ${quoteIdentifier(relation.identifier)}`);
  await session.run(grantSelect(relation));
}

/** Keeps what was found by a build that published nothing: the rows alone, in a transaction of their own. */
export async function keepStored(sql: Sql, all: StoredFailures[]): Promise<void> {
  if (all.length === 0) return;
  await sql.begin(async (transaction) => {
    const run = async (text: string) => await transaction.unsafe<Record<string, unknown>[]>(text);
    for (const { relation, columns, rows } of all) {
      await run(createSchema(relation.schema));
      await dropOld(run, relation);
      const list = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`).join(", ");
      await run(`create table ${quoteRelation(relation)} (${list})`);
      await transaction.unsafe(
        `insert into ${quoteRelation(relation)}
        select * from jsonb_populate_recordset(null::${quoteRelation(relation)}, $1::jsonb)`,
        [transaction.json(rows as JsonValue) as never],
      );
      await run(grantSelect(relation));
    }
  });
}

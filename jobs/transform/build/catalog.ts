import { literal, quoteRelation, type Relation } from "../project/types.ts";
import type { Session } from "./session.ts";

/** What stands in the database under a model's name. */
export type Standing = { kind: "table" | "view" | "other"; fingerprint: string | undefined };

const relationLiteral = (relation: Relation) => `${literal(quoteRelation(relation))}::regclass`;

/** Where a relation's comment keeps the fingerprint of what it was built from. dbt leaves comments as they are. */
const fingerprintMark = /\[barline ([0-9a-f]{32})\]$/;

/** What is published in `public` under these names. */
export async function readStanding(session: Session, names: string[]): Promise<Map<string, Standing>> {
  if (names.length === 0) return new Map();
  const rows = await session.run(`
    select relname, relkind, obj_description(oid, 'pg_class') as comment
    from pg_class
    where relnamespace = 'public'::regnamespace and relname in (${names.map(literal).join(", ")})
      and relkind in ('r', 'p', 'v', 'm', 'f')`);
  return new Map(
    rows.map(({ relname, relkind, comment }) => [
      String(relname),
      {
        kind: relkind === "r" ? "table" : relkind === "v" ? "view" : "other",
        fingerprint: fingerprintMark.exec(String(comment ?? ""))?.[1],
      },
    ]),
  );
}

/** Names and types of a relation's columns, in order. */
export async function readColumns(session: Session, relation: Relation): Promise<{ name: string; type: string }[]> {
  const rows = await session.run(`
    select attname, format_type(atttypid, atttypmod) as type
    from pg_attribute
    where attrelid = ${relationLiteral(relation)} and attnum > 0 and not attisdropped
    order by attnum`);
  return rows.map(({ attname, type }) => ({ name: String(attname), type: String(type) }));
}

/** About how many rows a table has: as last analyzed or, where that is more, as counted since; undefined where nobody knows. */
export async function readRowEstimate(session: Session, relation: Relation): Promise<number | undefined> {
  const [row] = await session.run(`
    select greatest(reltuples, pg_stat_get_live_tuples(oid)) as rows from pg_class where oid = ${relationLiteral(relation)}`);
  const rows = Number(row?.rows ?? 0);
  return rows > 0 ? rows : undefined;
}

/** The views, by quoted name, that read a relation directly. */
export async function readDependentViews(session: Session, relation: Relation): Promise<Relation[]> {
  const rows = await session.run(`
    select distinct namespace.nspname, dependent.relname
    from pg_depend as dependency
    join pg_rewrite as rule on rule.oid = dependency.objid
    join pg_class as dependent on dependent.oid = rule.ev_class
    join pg_namespace as namespace on namespace.oid = dependent.relnamespace
    where dependency.classid = 'pg_rewrite'::regclass and dependency.refclassid = 'pg_class'::regclass
      and dependency.refobjid = ${relationLiteral(relation)} and dependent.oid <> dependency.refobjid`);
  return rows.map(({ nspname, relname }) => ({ schema: String(nspname), identifier: String(relname) }));
}

/** The statements that give `relation`'s grants again to what is to stand under its name. */
export async function readGrants(session: Session, relation: Relation): Promise<string[]> {
  const rows = await session.run(`
    select format(
      'grant %s on %s to %s', privilege.privilege_type, class.oid::regclass,
      case when privilege.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(privilege.grantee)) end
    ) as statement
    from pg_class as class
    cross join aclexplode(class.relacl) as privilege
    where class.oid = ${relationLiteral(relation)} and privilege.grantee <> class.relowner`);
  return rows.map(({ statement }) => String(statement).replace(/ on .* to /, ` on ${quoteRelation(relation)} to `));
}

type Described = { description: string; columns: { name: string; description: string }[] };

/** Statements that keep the YAML's descriptions, and the fingerprint, as comments; psql and BI tools show them. */
export async function commentStatements(
  session: Session,
  kind: "table" | "view",
  relation: Relation,
  described: Described,
  fingerprint: string,
): Promise<string> {
  const present = new Set((await readColumns(session, relation)).map(({ name }) => name));
  const name = quoteRelation(relation);
  const whole = `${described.description} [barline ${fingerprint}]`.trim();
  const ofColumns = described.columns
    .filter((column) => present.has(column.name) && column.description)
    .map((column) => `comment on column ${name}."${column.name}" is ${literal(column.description)};`);
  return [`comment on ${kind} ${name} is ${literal(whole)};`, ...ofColumns].join("\n");
}

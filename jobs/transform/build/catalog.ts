import { literal, quoteRelation, type Relation } from "../project/types.ts";
import type { Session } from "./session.ts";

/** What stands in the database under a model's name. */
export type Standing = { kind: "table" | "view" | "other"; fingerprint: string | undefined };

const relationLiteral = (relation: Relation) => `${literal(quoteRelation(relation))}::regclass`;

/** Where a relation's comment keeps the fingerprint of what it was built from. dbt leaves comments as they are. */
const fingerprintMark = /\[barline ([0-9a-f]{32})\]$/;

/** What is published of these models, by their names. */
export async function readStanding(
  session: Session,
  models: readonly { name: string; relation: Relation }[],
): Promise<Map<string, Standing>> {
  if (models.length === 0) return new Map();
  const places = models.map(({ relation: { schema, identifier } }) => `(${literal(schema)}, ${literal(identifier)})`);
  const rows = await session.run(`
    select nspname, relname, relkind, obj_description(class.oid, 'pg_class') as comment
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where (nspname, relname) in (${places.join(", ")}) and relkind in ('r', 'p', 'v', 'm', 'f')`);
  const nameOf = new Map(models.map(({ name, relation }) => [quoteRelation(relation), name]));
  return new Map(
    rows.map(({ nspname, relname, relkind, comment }) => [
      nameOf.get(quoteRelation({ schema: String(nspname), identifier: String(relname) })) ?? String(relname),
      {
        kind: relkind === "r" || relkind === "p" ? "table" : relkind === "v" ? "view" : "other",
        fingerprint: fingerprintMark.exec(String(comment ?? ""))?.[1],
      },
    ]),
  );
}

/** Whether anything stands under a relation's name. */
export async function isStanding(session: Session, relation: Relation): Promise<boolean> {
  const [found] = await session.run(`select to_regclass(${literal(quoteRelation(relation))}) is not null as stands`);
  return found?.stands === true;
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

/** A query for about how many rows a table has, zero or less where nobody knows. */
export const rowEstimateSql = (relation: Relation): string =>
  `select greatest(reltuples, pg_stat_get_live_tuples(oid)) as rows from pg_class where oid = ${relationLiteral(relation)}`;

/** About how many rows a table has: as last analyzed or, where that is more, as counted since; undefined where nobody knows. */
export async function readRowEstimate(session: Session, relation: Relation): Promise<number | undefined> {
  const [row] = await session.run(rowEstimateSql(relation));
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

/** Who else may do what with a relation. */
export async function readPrivileges(
  session: Session,
  relation: Relation,
): Promise<{ privilege: string; role: string }[]> {
  const rows = await session.run(`
    select lower(privilege.privilege_type) as privilege,
      case when privilege.grantee = 0 then 'public' else pg_get_userbyid(privilege.grantee) end as role
    from pg_class as class
    cross join aclexplode(class.relacl) as privilege
    where class.oid = ${relationLiteral(relation)} and privilege.grantee <> class.relowner`);
  return rows.map(({ privilege, role }) => ({ privilege: String(privilege), role: String(role) }));
}

/** The statements that give a new table what its schema gives to any: it is made in another, where that does not count. */
export async function readDefaultGrants(session: Session, relation: Relation): Promise<string[]> {
  const rows = await session.run(`
    select format(
      'grant %s on %s to %s', privilege.privilege_type, ${literal(quoteRelation(relation))},
      case when privilege.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(privilege.grantee)) end
    ) as statement
    from pg_default_acl as defaults
    join pg_namespace as namespace on namespace.oid = defaults.defaclnamespace
    cross join aclexplode(defaults.defaclacl) as privilege
    where namespace.nspname = ${literal(relation.schema)} and defaults.defaclobjtype = 'r'
      and pg_get_userbyid(defaults.defaclrole) = current_user and privilege.grantee <> defaults.defaclrole`);
  return rows.map(({ statement }) => String(statement));
}

/** The foreign keys of other tables that name a relation. */
export async function readReferences(
  session: Session,
  relation: Relation,
): Promise<{ table: Relation; constraint: string }[]> {
  const rows = await session.run(`
    select namespace.nspname, class.relname, held.conname
    from pg_constraint as held
    join pg_class as class on class.oid = held.conrelid
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    where held.contype = 'f' and held.confrelid = ${relationLiteral(relation)} and held.conrelid <> held.confrelid`);
  return rows.map(({ nspname, relname, conname }) => ({
    table: { schema: String(nspname), identifier: String(relname) },
    constraint: String(conname),
  }));
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

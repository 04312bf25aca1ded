import { lockKeys } from "../../../db/locks.ts";
import { RetryableError } from "../../orchestrator/errors.ts";
import { literal, quoteRelation, type Relation } from "../project/types.ts";
import { readGrants } from "./catalog.ts";
import type { Session } from "./session.ts";

/*
 * The market's publication and the people's own models: those read what it is about to replace, and may not hold it up. Builds of the
 * workspace that are in its way are ended, and begin anew after it; published views of the workspace are taken down and put up again.
 */

/** A published view of the workspace, as it is to be made again. */
export type Guest = { relation: Relation; definition: string; statements: string[] };

const quotedList = (relations: readonly Relation[]) =>
  relations.map((relation) => `to_regclass(${literal(quoteRelation(relation))})`).join(", ");

/** The relations that the workspace has published, by quoted name. */
export async function readWorkspaceRelations(session: Session): Promise<Set<string>> {
  // A database that only tests of the runner use has no such table.
  const [known] = await session.askNow("select to_regclass('barline.workspace_relations') is not null as stands");
  if (!known?.stands) return new Set();
  const rows = await session.askNow("select schema, relation from barline.workspace_relations");
  return new Set(
    rows.map(({ schema, relation }) => quoteRelation({ schema: String(schema), identifier: String(relation) })),
  );
}

/** A build of the workspace that has to begin anew, as a publication goes before it. */
export class DisplacedError extends RetryableError {}

/** Lets no other publication happen until the transaction ends. The workspace does not wait for the market, which may wait for it. */
export async function holdPublications(session: Session): Promise<void> {
  if (session.stage === "market") {
    await session.run(`select pg_advisory_xact_lock(${lockKeys.publication})`);
    return;
  }
  const [row] = await session.run(`select pg_try_advisory_xact_lock(${lockKeys.publication}) as held`);
  if (!row?.held) throw new DisplacedError("The market is being published.");
}

/** Ends the builds of the workspace that hold one of these relations, or the right to publish. */
export async function endBuildsInTheWay(session: Session, relations: readonly Relation[]): Promise<number> {
  const [row] = await session.askNow(`
    with reading as (
      select pid from pg_locks
      where locktype = 'advisory' and objsubid = 1 and classid = 0 and objid = ${lockKeys.workspaceReader} and granted
        and database = (select oid from pg_database where datname = current_database())
    )
    select count(pg_terminate_backend(pid))::int as ended
    from reading
    where pid in (
      select pid from pg_locks
      where granted and (
        relation = any(array[${quotedList(relations)}]::oid[])
        or locktype = 'advisory' and objsubid = 1 and classid = 0 and objid = ${lockKeys.publication}
      )
    )`);
  return Number(row?.ended ?? 0);
}

/** The published views of the workspace that read any of these relations, through whatever is between; who reads another comes first. */
async function readGuests(session: Session, relations: readonly Relation[]): Promise<Guest[]> {
  const rows = await session.askNow(`
    with recursive readers as (
      select oid, 0 as depth from unnest(array[${quotedList(relations)}]::oid[]) as oid
      union
      select rule.ev_class, readers.depth + 1
      from readers
      join pg_depend as dependency
        on dependency.classid = 'pg_rewrite'::regclass and dependency.refclassid = 'pg_class'::regclass
        and dependency.refobjid = readers.oid
      join pg_rewrite as rule on rule.oid = dependency.objid
      where rule.ev_class <> readers.oid
    )
    select nspname, relname, pg_get_viewdef(class.oid) as definition, obj_description(class.oid, 'pg_class') as comment,
      (
        select jsonb_object_agg(attname, col_description(attrelid, attnum)) from pg_attribute
        where attrelid = class.oid and attnum > 0 and col_description(attrelid, attnum) is not null
      ) as columns
    from (select oid, max(depth) as depth from readers group by oid) as found
    join pg_class as class on class.oid = found.oid and class.relkind = 'v'
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    join barline.workspace_relations as own on own.schema = nspname and own.relation = relname
    order by depth desc`);
  return rows.map(({ nspname, relname, definition, comment, columns }) => {
    const relation = { schema: String(nspname), identifier: String(relname) };
    const name = quoteRelation(relation);
    const ofColumns = Object.entries((columns ?? {}) as Record<string, string>);
    return {
      relation,
      definition: String(definition),
      statements: [
        ...(comment === null ? [] : [`comment on view ${name} is ${literal(String(comment))}`]),
        ...ofColumns.map(([column, text]) => `comment on column ${name}."${column}" is ${literal(text)}`),
      ],
    };
  });
}

/** Takes down the views of the workspace that read what is going to be replaced. Answers them, to be put up again. */
export async function takeDownGuests(session: Session, relations: readonly Relation[]): Promise<Guest[]> {
  const down: Guest[] = [];
  for (const guest of await readGuests(session, relations)) {
    const grants = await readGrants({ ...session, run: session.askNow }, guest.relation);
    const statements = [...grants, ...guest.statements];
    // One that somebody's own view reads stays, as that would.
    const isDown = await tolerated(session, `drop view ${quoteRelation(guest.relation)}`, "2BP01");
    if (isDown) down.push({ ...guest, statements });
  }
  return down;
}

/** Puts the views up again; one that what is published now does not allow is no longer published, and its next build says why. */
export async function putUpGuests(session: Session, guests: readonly Guest[]): Promise<void> {
  for (const { relation, definition, statements } of [...guests].reverse()) {
    const { schema, identifier } = relation;
    const create = [`create view ${quoteRelation(relation)} as ${definition.replace(/;\s*$/, "")}`, ...statements].join(
      ";\n",
    );
    if (await tolerated(session, create)) continue;
    await tolerated(
      session,
      `delete from barline.workspace_relations where schema = ${literal(schema)} and relation = ${literal(identifier)}`,
    );
  }
}

/** Whether a statement is done; an error of that code, or of any where none is given, undoes it alone. Somebody else's lock is passed on. */
async function tolerated(session: Session, statement: string, code?: string): Promise<boolean> {
  try {
    await session.savepoint(() => session.run(statement));
    return true;
  } catch (error) {
    const found = error instanceof Error && "code" in error ? error.code : undefined;
    if (found === "55P03" || (code !== undefined && found !== code)) throw error;
    return false;
  }
}

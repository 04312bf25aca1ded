import type { JsonValue, Sql, TransactionSql } from "../../client.ts";
import type {
  WorkspaceColumn,
  WorkspaceGrain,
  WorkspaceGroupState,
  WorkspaceNodeKind,
  WorkspaceNodeState,
} from "../../schema/workspace.ts";

/** How one group stands. */
export type WorkspaceGroupRow = {
  name: string;
  state: WorkspaceGroupState;
  error: string | null;
  errorFile: string | null;
  errorLine: number | null;
  version: string;
  checkedAt: Date;
  /** Null in what is written: as it was. */
  publishedAt: Date | null;
  durationMs: number | null;
  runId: number | null;
};

/** How one node of a group stands. */
export type WorkspaceNodeRow = {
  id: string;
  name: string;
  kind: WorkspaceNodeKind;
  file: string;
  groupName: string;
  state: WorkspaceNodeState;
  error: string | null;
  errorFile: string | null;
  errorLine: number | null;
  note: string | null;
  builtAt: Date | null;
  durationMs: number | null;
  rows: number | null;
  runId: number | null;
  testsPassed: number;
  testsFailed: number;
};

/** A relation that is published of the workspace. */
export type WorkspaceRelationRow = {
  name: string;
  schema: string;
  relation: string;
  grain: WorkspaceGrain;
  description: string;
  columns: WorkspaceColumn[];
  groupName: string;
};

const rowsOf = (transaction: TransactionSql, rows: unknown[]) => transaction.json(rows as JsonValue);

/** Keeps how a group and its nodes stand. Its nodes may have been another group's. */
export async function saveWorkspaceGroup(
  transaction: TransactionSql,
  group: WorkspaceGroupRow,
  nodes: WorkspaceNodeRow[],
): Promise<void> {
  await transaction`
    insert into barline.workspace_groups (name, state, error, error_file, error_line, version, checked_at, published_at, duration_ms, run_id)
    select item.* from jsonb_populate_record(null::barline.workspace_groups, ${rowsOf(transaction, [snaked(group)])}::jsonb -> 0) as item
    on conflict (name) do update set state = excluded.state, error = excluded.error, error_file = excluded.error_file,
      error_line = excluded.error_line, version = excluded.version, checked_at = excluded.checked_at,
      published_at = coalesce(excluded.published_at, workspace_groups.published_at), duration_ms = excluded.duration_ms,
      run_id = excluded.run_id`;
  await transaction`
    delete from barline.workspace_nodes
    where group_name = ${group.name}::text or id = any(${nodes.map(({ id }) => id)}::text[])`;
  await transaction`
    insert into barline.workspace_nodes
    select * from jsonb_populate_recordset(null::barline.workspace_nodes, ${rowsOf(transaction, nodes.map(snaked))}::jsonb)`;
}

/** The columns' names of what a row says. */
const snaked = (row: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );

/** Forgets the groups, and nodes, that are no longer there. */
export async function deleteOtherGroups(transaction: TransactionSql, names: string[]): Promise<void> {
  await transaction`delete from barline.workspace_nodes where group_name <> all(${names}::text[])`;
  await transaction`delete from barline.workspace_groups where name <> all(${names}::text[])`;
}

export async function selectWorkspaceGroups(sql: Sql | TransactionSql): Promise<WorkspaceGroupRow[]> {
  return await sql<WorkspaceGroupRow[]>`
    select name, state, error, error_file as "errorFile", error_line as "errorLine", version, checked_at as "checkedAt",
      published_at as "publishedAt", duration_ms as "durationMs", run_id as "runId"
    from barline.workspace_groups order by name`;
}

export async function selectWorkspaceNodes(sql: Sql): Promise<WorkspaceNodeRow[]> {
  return await sql<WorkspaceNodeRow[]>`
    select id, name, kind, file, group_name as "groupName", state, error, error_file as "errorFile", error_line as "errorLine",
      note, built_at as "builtAt", duration_ms as "durationMs", rows, run_id as "runId", tests_passed as "testsPassed",
      tests_failed as "testsFailed"
    from barline.workspace_nodes order by name, id`;
}

/** A relation that is published, as pages and builds ask for it. */
export type PublishedRelation = Pick<
  WorkspaceRelationRow,
  "name" | "schema" | "relation" | "groupName" | "grain" | "columns"
>;

/** What is published of the workspace. */
export async function selectPublishedRelations(sql: Sql | TransactionSql): Promise<PublishedRelation[]> {
  return await sql<PublishedRelation[]>`
    select name, schema, relation, group_name as "groupName", grain, columns from barline.workspace_relations order by name`;
}

/** Says what a group publishes, in the transaction that does. */
export async function saveWorkspaceRelations(
  transaction: TransactionSql,
  relations: WorkspaceRelationRow[],
): Promise<void> {
  await deleteWorkspaceRelations(
    transaction,
    relations.map(({ name }) => name),
  );
  await transaction`
    insert into barline.workspace_relations (name, schema, relation, grain, description, columns, group_name, published_at)
    select item ->> 'name', item ->> 'schema', item ->> 'relation', item ->> 'grain', item ->> 'description',
      item -> 'columns', item ->> 'groupName', now()
    from jsonb_array_elements(${rowsOf(transaction, relations)}::jsonb) as item`;
}

export async function deleteWorkspaceRelations(transaction: TransactionSql, names: string[]): Promise<void> {
  await transaction`delete from barline.workspace_relations where name = any(${names}::text[])`;
}

/** What was read of the workspace last; `version` is null where it could not be read. */
export type WorkspaceReading = { version: string | null; problem: string | null; readAt: Date };

export async function saveWorkspaceReading(sql: Sql, { version, problem, readAt }: WorkspaceReading): Promise<void> {
  await sql`
    insert into barline.workspace_readings (version, problem, read_at)
    values (${version}::text, ${problem}::text, ${readAt}::timestamptz)
    on conflict ("only") do update set version = excluded.version, problem = excluded.problem, read_at = excluded.read_at`;
}

export async function selectWorkspaceReading(sql: Sql): Promise<WorkspaceReading | undefined> {
  const [row] = await sql<WorkspaceReading[]>`
    select version, problem, read_at as "readAt" from barline.workspace_readings`;
  return row;
}

/** Whether anything is known or published of a workspace. */
export async function hasWorkspace(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ has: boolean }[]>`
    select exists (select from barline.workspace_groups) or exists (select from barline.workspace_relations) as has`;
  return row?.has ?? false;
}

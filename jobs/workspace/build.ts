import type { Logger } from "pino";
import type { Sql, TransactionSql } from "../../db/client.ts";
import {
  saveWorkspaceRelations,
  selectPublishedRelations,
  type WorkspaceRelationRow,
} from "../../db/queries/quality/workspace.ts";
import type { WorkspaceGroupState } from "../../db/schema/workspace.ts";
import { CancelledError, PermanentError, RetryableError } from "../orchestrator/errors.ts";
import { buildProject } from "../transform/build/build.ts";
import type { BuiltModel } from "../transform/build/context.ts";
import type { BuildOptions } from "../transform/build/progress.ts";
import { type Session, TimeLimitError } from "../transform/build/session.ts";
import { prepareStored } from "../transform/build/stored.ts";
import type { BuildResult } from "../transform/build/types.ts";
import { DisplacedError } from "../transform/build/way.ts";
import { ProjectFault } from "../transform/project/refusal.ts";
import { quoteRelation } from "../transform/project/types.ts";
import { indexLookups } from "./indexes.ts";
import { missingOf, readsOf, standingOf } from "./places.ts";
import { columnsOf, describeColumns, findGrain } from "./relations.ts";
import { dropMoved } from "./remove.ts";
import type { Fault, Workspace, WorkspaceGroup } from "./types.ts";

export type GroupBuilder = {
  /** A pool with at least two connections; a publication of the market may end them. */
  sql: Sql;
  /** Milliseconds that each model and test may take. */
  limitMs: number;
  log: Pick<Logger, "info" | "warn">;
  now(): Date;
};

/** How the build of a group ended. `notes`: what is to be known of a node, by its name. */
export type GroupOutcome = {
  state: WorkspaceGroupState;
  fault: (Fault & { node: string | null }) | null;
  result: BuildResult | null;
  notes: Map<string, string>;
  durationMs: number;
  /** Whether it may be tried again at once: a publication went before it. */
  displaced: boolean;
};

export type BuildRequest = Pick<BuildOptions, "fullRefresh" | "signal" | "onNode"> & {
  /** `check`: builds and tests, and undoes all of it. */
  purpose: "publish" | "check";
  /** Done in the transaction that publishes. */
  onPublished?(transaction: TransactionSql, outcome: GroupOutcome): Promise<void>;
};

const nothing = { fault: null, result: null, notes: new Map<string, string>(), durationMs: 0, displaced: false };

/** Builds, tests and publishes one group, or says why not. Throws where the database is away or somebody cancels. */
export async function buildGroup(
  builder: GroupBuilder,
  workspace: Workspace,
  group: WorkspaceGroup,
  request: BuildRequest,
): Promise<GroupOutcome> {
  const [first] = group.faults;
  if (first) return { ...nothing, state: first.clash ? "refused" : "failed", fault: first };
  const obstacle = await findObstacle(builder, workspace, group);
  if (obstacle) return obstacle;
  const started = performance.now();
  let current: string | null = null;
  const onNode: BuildOptions["onNode"] = (event) => {
    if (event.phase === "start") current = event.name;
    request.onNode?.(event);
  };
  try {
    return await build(builder, workspace, group, { ...request, onNode });
  } catch (error) {
    const durationMs = performance.now() - started;
    return { ...toOutcome(error, current, workspace), durationMs };
  }
}

/** What keeps a group from being built at all: what it reads is not there yet, or something that is not ours stands in its place. */
async function findObstacle(
  { sql }: GroupBuilder,
  workspace: Workspace,
  group: WorkspaceGroup,
): Promise<GroupOutcome | undefined> {
  const missing = await missingOf(sql, workspace, group);
  if (missing !== undefined) {
    const message = `reads ${missing}, which is not published yet`;
    return { ...nothing, state: "waiting", fault: { message, file: null, line: null, node: null } };
  }
  const published = new Set(
    (await selectPublishedRelations(sql)).map(({ schema, relation }) =>
      quoteRelation({ schema, identifier: relation }),
    ),
  );
  const standing = await standingOf(
    sql,
    group.models.map(({ relation }) => relation),
  );
  const foreign = group.models.find(
    ({ relation, config }) =>
      config.materialized !== "ephemeral" &&
      standing.has(quoteRelation(relation)) &&
      !published.has(quoteRelation(relation)),
  );
  if (!foreign) return undefined;
  const message = `would take the place of ${quoteRelation(foreign.relation)}, which the workspace did not make; drop that, or give the model another name`;
  return {
    ...nothing,
    state: "refused",
    fault: { message, file: foreign.path, line: null, node: foreign.name },
  };
}

async function build(
  builder: GroupBuilder,
  workspace: Workspace,
  group: WorkspaceGroup,
  request: BuildRequest,
): Promise<GroupOutcome> {
  const { sql, log, now, limitMs } = builder;
  const { purpose, signal, fullRefresh, onNode } = request;
  const stored = group.tests.filter(({ config }) => config.storeFailures !== undefined);
  await prepareStored(sql, new Set(stored.map(({ relation }) => relation.schema)));
  const notes = new Map<string, string>();
  const started = performance.now();
  const result = await buildProject(
    {
      ...{ sql, log, now, today: undefined },
      loaded: loadedOf(workspace, group),
      elapsed: () => performance.now(),
      beside: {
        stage: purpose === "check" ? "workspaceCheck" : "workspace",
        reads: await readsOf(sql, workspace, group),
        limitMs,
      },
    },
    {
      ...(signal && { signal }),
      ...(fullRefresh && { fullRefresh }),
      ...(onNode && { onNode }),
      ...(purpose === "check" && { rehearse: async () => {} }),
      onPublish: async (session, built, results) => {
        await sayPublished(session, group, built, notes);
        const durationMs = performance.now() - started;
        const published: GroupOutcome = { ...nothing, state: "published", result: results, notes, durationMs };
        await session.within(async (transaction) => {
          await request.onPublished?.(transaction, published);
        });
      },
    },
  );
  const outcome = { ...nothing, result, notes, durationMs: performance.now() - started };
  const fault = faultOf(result, workspace);
  if (fault) return { ...outcome, state: "failed", fault };
  return { ...outcome, state: "published" };
}

/** The workspace's project as one group alone; what is ephemeral of the shipped one comes with what reads it. */
function loadedOf({ loaded, shipped }: Workspace, group: WorkspaceGroup): Workspace["loaded"] {
  const ephemeral = shipped.project.models.filter(({ config }) => config.materialized === "ephemeral");
  const { models, tests, unitTests } = group;
  const selectors = { byName: new Map(), standard: undefined };
  return { ...loaded, project: { ...loaded.project, models: [...ephemeral, ...models], tests, unitTests, selectors } };
}

/** Writes what is published now, and what of the same models stood elsewhere before is dropped. */
async function sayPublished(
  session: Session,
  group: WorkspaceGroup,
  built: readonly BuiltModel[],
  notes: Map<string, string>,
): Promise<void> {
  const rows: WorkspaceRelationRow[] = [];
  for (const one of built) {
    session.startNode();
    const columns = await columnsOf(session, one);
    const { grain, note } = await findGrain(session, one, columns);
    if (note !== null) notes.set(one.model.name, note);
    await indexLookups(session, one, grain);
    const { name, relation, description } = one.model;
    rows.push({
      ...{ name, grain, description, schema: relation.schema, relation: relation.identifier },
      ...{ columns: describeColumns(one, columns), groupName: group.name },
    });
  }
  await session.within(async (transaction) => {
    await dropMoved(transaction, rows);
    await saveWorkspaceRelations(transaction, rows);
  });
}

/** The first thing that went wrong. */
function faultOf({ models, tests }: BuildResult, workspace: Workspace): GroupOutcome["fault"] {
  const model = models.find(({ error }) => error !== undefined);
  if (model?.error !== undefined) {
    const file = fileOf(workspace, model.name);
    const message =
      file !== null && model.error.startsWith(`${file}: `) ? model.error.slice(file.length + 2) : model.error;
    return { message, file, line: null, node: model.name };
  }
  const test = tests.find(({ status }) => status === "fail" || status === "error");
  if (!test) return null;
  const rows = test.failures === 1 ? "1 row fails" : `${test.failures} rows fail`;
  const message = test.status === "error" ? (test.message ?? "could not run") : `${rows} the test ${test.name}`;
  return { message, ...placeOfTest(workspace, test.name), node: test.name };
}

function fileOf({ loaded }: Workspace, name: string): string | null {
  return loaded.project.models.find((model) => model.name === name)?.path ?? null;
}

function placeOfTest({ loaded: { project } }: Workspace, name: string): { file: string | null; line: number | null } {
  const unit = project.unitTests.find((test) => test.name === name);
  if (unit) return { file: unit.path, line: unit.line };
  const [, file = null, line] =
    /^(.*?)(?::(\d+))?$/.exec(project.tests.find((test) => test.name === name)?.path ?? "") ?? [];
  return { file: file || null, line: line === undefined ? null : Number(line) };
}

/** What a build that threw means for its group; throws on what is no fault of it. */
function toOutcome(error: unknown, node: string | null, workspace: Workspace): Omit<GroupOutcome, "durationMs"> {
  if (error instanceof CancelledError) throw error;
  const file = node === null ? null : (fileOf(workspace, node) ?? placeOfTest(workspace, node).file);
  if (error instanceof TimeLimitError)
    return { ...nothing, state: "timed_out", fault: { message: `${node} ${error.message}`, file, line: null, node } };
  if (error instanceof ProjectFault) {
    const { problem, path, line = null } = error;
    return { ...nothing, state: "failed", fault: { message: problem, file: path, line, node } };
  }
  if (error instanceof PermanentError)
    return { ...nothing, state: "failed", fault: { message: error.message, file, line: null, node } };
  if (!isDisplaced(error)) throw error;
  const message = "A publication of the market went before it; it is built again.";
  return { ...nothing, state: "waiting", displaced: true, fault: { message, file: null, line: null, node: null } };
}

/** Codes of what ends a build that is in the way, as the server and the driver tell it; a lock that somebody holds, and a deadlock. */
const displacing = [
  "57P01",
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "55P03",
  "40P01",
  "40001",
];

function isDisplaced(error: unknown): boolean {
  if (error instanceof DisplacedError) return true;
  const cause = error instanceof RetryableError ? error.cause : error;
  return cause instanceof Error && "code" in cause && displacing.includes(String(cause.code));
}

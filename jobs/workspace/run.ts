import type { Sql } from "../../db/client.ts";
import { lockKeys } from "../../db/locks.ts";
import {
  deleteOtherGroups,
  saveWorkspaceGroup,
  saveWorkspaceReading,
  selectPublishedRelations,
  selectWorkspaceGroups,
} from "../../db/queries/quality/workspace.ts";
import type { TaskLog } from "../orchestrator/types.ts";
import { quoteRelation } from "../transform/project/types.ts";
import type { NodeEvent } from "../transform/transform.ts";
import { buildGroup, type GroupBuilder, type GroupOutcome } from "./build.ts";
import { lookAtFolder } from "./folder.ts";
import { standingOf } from "./places.ts";
import { type ReadOptions, readWorkspace } from "./read.ts";
import { dropGone } from "./remove.ts";
import { groupRow, nodeRows } from "./state.ts";
import type { Workspace, WorkspaceGroup } from "./types.ts";

export type WorkspaceBuilder = GroupBuilder & {
  reading: ReadOptions;
  /** Where a state is kept; not ended by publications of the market. */
  state: Sql;
};

export type WorkspaceRun = {
  runId: number;
  /** Only what is new: a file changed, and the data did not. */
  onlyChanged: boolean;
  fullRefresh: boolean;
  signal: AbortSignal;
  log: TaskLog;
  onNode(event: NodeEvent, total: number): void;
};

/** What a run did. */
export type WorkspaceRunResult = {
  groups: { group: WorkspaceGroup; outcome: GroupOutcome }[];
  /** Groups that are as they were, and so were not built. */
  unchanged: number;
  dropped: string[];
};

/** As often as a publication may go before a group in one run; the publication wakes the next run. */
const mostDisplacements = 3;

/** Reads the workspace, drops what is gone from it, and builds its groups one after the other; each ends for itself. */
export async function runWorkspace(builder: WorkspaceBuilder, run: WorkspaceRun): Promise<WorkspaceRunResult> {
  const { state, now, reading } = builder;
  const { version, problem } = lookAtFolder(reading.folder);
  await saveWorkspaceReading(state, { version, problem, readAt: now() });
  if (problem !== null) {
    // A volume that is not mounted is no empty workspace: what is published stays.
    run.log.warn("the workspace cannot be read; what is published of it stays", { problem });
    return { groups: [], unchanged: 0, dropped: [] };
  }
  const workspace = readWorkspace(reading);
  const dropped = await dropWhatIsGone(builder, workspace, run);
  const { chosen, unchanged } = await choose(builder, workspace, run);
  const total = chosen.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const result: WorkspaceRunResult = { groups: [], unchanged, dropped };
  const waiting = chosen.map((group) => ({ group, displacements: 0 }));
  for (const entry of waiting) {
    const outcome = await buildOne(builder, workspace, entry.group, run, total);
    if (outcome.displaced && entry.displacements < mostDisplacements) {
      run.log.info("a publication of the market goes first; the group is built again", { group: entry.group.name });
      await untilMarketIsBuilt(state, run.signal);
      waiting.push({ group: entry.group, displacements: entry.displacements + 1 });
      continue;
    }
    result.groups.push({ group: entry.group, outcome });
  }
  return result;
}

/** A build of the market that is under way publishes what the workspace is to read then. */
async function untilMarketIsBuilt(state: Sql, signal: AbortSignal): Promise<void> {
  await state.begin(async (transaction) => {
    signal.throwIfAborted();
    const waiting = transaction`select pg_advisory_xact_lock_shared(${lockKeys.build}::bigint)`.execute();
    const cancel = () => waiting.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    await waiting.finally(() => signal.removeEventListener("abort", cancel));
  });
}

async function dropWhatIsGone(
  { state }: WorkspaceBuilder,
  { groups, isWhole }: Workspace,
  { log }: WorkspaceRun,
): Promise<string[]> {
  if (!isWhole) return [];
  const isKept = (group: WorkspaceGroup, name: string) => {
    const model = group.models.find((one) => one.name === name);
    return model?.config.materialized !== "ephemeral";
  };
  const kept = new Set(
    groups.flatMap((group) =>
      group.nodes.flatMap(({ kind, name }) => (kind !== "test" && isKept(group, name) ? [name] : [])),
    ),
  );
  const { dropped, held } = await dropGone(state, kept);
  for (const name of dropped) log.info("dropped what is no longer in the workspace", { name });
  for (const name of held) log.warn("something reads what is no longer in the workspace, so that it stays", { name });
  await state.begin(async (transaction) => {
    await deleteOtherGroups(
      transaction,
      groups.map(({ name }) => name),
    );
  });
  return dropped;
}

/** The groups that are to be built: where only files changed, those whose files did, and those that were waiting. */
async function choose(
  { state }: WorkspaceBuilder,
  { groups }: Workspace,
  { onlyChanged }: WorkspaceRun,
): Promise<{ chosen: WorkspaceGroup[]; unchanged: number }> {
  if (!onlyChanged) return { chosen: groups, unchanged: 0 };
  const known = new Map((await selectWorkspaceGroups(state)).map((row) => [row.name, row]));
  const lost = await lostNames(state);
  const chosen = groups.filter(({ name, version, nodes }) => {
    const row = known.get(name);
    return row?.version !== version || row.state === "waiting" || nodes.some((node) => lost.has(node.name));
  });
  return { chosen, unchanged: groups.length - chosen.length };
}

/** What should be published and does not stand: a backup holds no schemas of people's own. */
async function lostNames(state: Sql): Promise<Set<string>> {
  const published = (await selectPublishedRelations(state)).map(({ name, schema, relation: identifier }) => ({
    name,
    relation: { schema, identifier },
  }));
  const standing = await standingOf(
    state,
    published.map(({ relation }) => relation),
  );
  return new Set(published.flatMap(({ name, relation }) => (standing.has(quoteRelation(relation)) ? [] : name)));
}

async function buildOne(
  builder: WorkspaceBuilder,
  workspace: Workspace,
  group: WorkspaceGroup,
  run: WorkspaceRun,
  total: number,
): Promise<GroupOutcome> {
  const { state, now } = builder;
  const { runId, signal, fullRefresh, log } = run;
  const outcome = await buildGroup(builder, workspace, group, {
    ...{ purpose: "publish", signal, fullRefresh },
    onNode: (event) => run.onNode(event, total),
    async onPublished(transaction, published) {
      const moment = { runId, now: now() };
      await saveWorkspaceGroup(transaction, groupRow(group, published, moment), nodeRows(group, published, moment));
    },
  });
  if (outcome.state === "published") {
    log.info("published", { group: group.name, durationMs: Math.round(outcome.durationMs) });
    return outcome;
  }
  const { message = "", file = null, line = null } = outcome.fault ?? {};
  const where = file === null ? null : line === null ? file : `${file}:${line}`;
  log.warn(`not published: ${message}`, { group: group.name, state: outcome.state, where });
  const moment = { runId, now: now() };
  await state.begin(async (transaction) => {
    await saveWorkspaceGroup(transaction, groupRow(group, outcome, moment), nodeRows(group, outcome, moment));
  });
  return outcome;
}

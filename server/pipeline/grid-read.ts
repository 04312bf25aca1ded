import {
  type GridCellRow,
  type GridClaimsRow,
  type GridFilter,
  type GridRunRow,
  selectGridCells,
  selectGridClaims,
  selectGridRuns,
} from "../../db/queries/pipeline/read-grid.ts";
import { isActive, type JobDefinition } from "../../jobs/orchestrator/types.ts";
import type { GridCell, GridJob, GridRun } from "../../views/pipeline/grid-types.ts";
import type { AppContext } from "../context.ts";

/** A job's tasks, and its newest runs that match: in three statements at the most, however many runs there are. */
export async function readGrid(
  context: Pick<AppContext, "read" | "now">,
  job: JobDefinition,
  filter: Omit<GridFilter, "jobId">,
): Promise<GridJob> {
  const rows = await selectGridRuns(context.read, { ...filter, jobId: job.id });
  const ids = rows.map((row) => row.id);
  const [cells, claims] = await Promise.all([
    selectGridCells(context.read, ids),
    job.triggeredBy ? selectGridClaims(context.read, ids) : [],
  ]);
  const cellsOf = groupCells(cells);
  const claimsOf = new Map(claims.map((claim) => [claim.runId, claim]));
  const now = context.now().getTime();
  const runs = rows.reverse().map((row) => {
    const cells = toCells(cellsOf.get(row.id) ?? [], job.tasks.length, isActive(row.state));
    return toRun(row, claimsOf.get(row.id), cells, now);
  });
  return { id: job.id, title: job.title, tasks: tasksOf(job, runs), runs };
}

function toRun(row: GridRunRow, claim: GridClaimsRow | undefined, cells: GridCell[], now: number): GridRun {
  const { id, state, trigger, backfillId, createdAt, startedAt, finishedAt } = row;
  return {
    ...{ id, state, trigger, backfillId, createdAt, startedAt, finishedAt, cells },
    events: claim?.events ?? 0,
    first: row.partition ?? claim?.first ?? null,
    last: row.partitionTo ?? row.partition ?? claim?.last ?? null,
    ms: startedAt === null ? null : Math.max(0, (finishedAt ?? now) - startedAt),
  };
}

/** Tasks as declared, and after them the steps that only runs of an older version have. */
function tasksOf({ tasks }: JobDefinition, runs: GridRun[]): GridJob["tasks"] {
  const steps = runs.reduce((most, { cells }) => Math.max(most, cells.length), tasks.length);
  return Array.from({ length: steps }, (_, step) => {
    const task = tasks[step];
    return {
      name: task?.name ?? `task ${step + 1}`,
      description: task?.description ?? "Of an earlier version of the job.",
      isMapped: task?.kind !== "plain",
    };
  });
}

function groupCells(cells: GridCellRow[]): Map<number, GridCellRow[]> {
  const byRun = new Map<number, GridCellRow[]>();
  for (const cell of cells) {
    const known = byRun.get(cell.runId);
    if (known) known.push(cell);
    else byRun.set(cell.runId, [cell]);
  }
  return byRun;
}

/** By step. What a run that is over has not come to waits for nothing. */
function toCells(rows: GridCellRow[], declared: number, isRunActive: boolean): GridCell[] {
  const absent: GridCell = { state: isRunActive ? "waiting" : "unreached", done: 0, total: 0, ms: null };
  const steps = rows.reduce((most, { step }) => Math.max(most, step + 1), declared);
  const cells = new Array<GridCell>(steps).fill(absent);
  for (const row of rows) cells[row.step] = row.state === "waiting" ? { ...row, state: absent.state } : row;
  return cells;
}

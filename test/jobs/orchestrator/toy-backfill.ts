import type { Sql } from "../../../db/client.ts";
import type { BackfillOrder, Orchestrator, Reprocess, Schedule } from "../../../jobs/orchestrator/types.ts";

/** A schedule that makes a job run by partition and wants nothing by itself. */
export const bySession: Schedule = {
  cron: "0 0 29 2 *",
  timeZone: "UTC",
  due: () => [],
  upcoming: () => [],
  catchup: "all",
};

const dayMs = 86_400_000;

/** The `number`th day from 2001-01-01, counted from 1. */
export const dayOf = (number: number): string =>
  new Date(Date.UTC(2001, 0, 1) + (number - 1) * dayMs).toISOString().slice(0, 10);

/** Queues a backfill of the toy job over days by number; a run each, or one for all. */
export function backfill(
  orchestrator: Orchestrator,
  [from, to]: [number, number],
  more: { reprocess?: Reprocess; concurrency?: number; order?: BackfillOrder; asOne?: boolean } = {},
): Promise<{ id: number; runs: number }> {
  const { reprocess = "missing", asOne = false, ...settings } = more;
  return orchestrator.createBackfill("toy", {
    ...settings,
    from: dayOf(from),
    to: dayOf(to),
    reprocess,
    partitions: Array.from({ length: to - from + 1 }, (_, index) => dayOf(from + index)),
    plan: (selected) => {
      const wanted = selected.wanted.map(({ partition }) => partition);
      const groups = asOne ? [wanted] : wanted.map((one) => [one]);
      return { plan: {}, runs: groups.map((partitions) => ({ partitions, parameters: {} })) };
    },
  });
}

export async function backfillOf(sql: Sql, id: number): Promise<{ state: string; paused: boolean } | undefined> {
  const [row] = await sql<{ state: string; paused: boolean }[]>`
    select state, paused from barline.backfills where id = ${id}::bigint`;
  return row;
}

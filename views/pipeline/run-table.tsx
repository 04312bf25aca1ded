import type { RunRow } from "../../db/queries/pipeline/read-runs.ts";
import { Instant, State, TableScroll } from "../components.tsx";
import { formatElapsed, formatLabel, formatPartition, formatValue } from "../format.ts";

/** A summary's values by name; none where it is no object. */
const valuesOf = (summary: unknown): Record<string, unknown> =>
  typeof summary === "object" && summary !== null ? { ...summary } : {};

/** The first figures of a summary that are not zero: "rows 12,500 · calls 1". */
const summarise = (summary: unknown): string =>
  Object.entries(valuesOf(summary))
    .filter(([, value]) => typeof value === "number" && value !== 0)
    .slice(0, 4)
    .map(([key, value]) => `${formatLabel(key).toLowerCase()} ${formatValue(value)}`)
    .join(" · ");

/** The sessions that a run was for, or else those that it says it met. */
function sessionsOf(run: RunRow): string {
  const { firstDate, lastDate } = valuesOf(run.summary);
  if (run.partition !== null || typeof firstDate !== "string" || typeof lastDate !== "string") {
    return formatPartition(run.partition, run.partitionTo);
  }
  return formatPartition(firstDate, lastDate);
}

const triggers: Record<string, string> = {
  schedule: "schedule",
  dataset: "dataset events",
  manual: "by hand",
  backfill: "backfill",
};

const Trigger = ({ run }: { run: RunRow }) =>
  run.backfillId === null ? (
    (triggers[run.trigger] ?? run.trigger)
  ) : (
    <a href={`/backfills/${run.backfillId}`}>backfill {run.backfillId}</a>
  );

type RunTableProps = {
  runs: RunRow[];
  now: Date;
  label: string;
  /** Each with a box of that form by which it is chosen. */
  chosenIn?: string;
};

/** Runs, one a row, each leading to its page. */
export const RunTable = ({ runs, now, label, chosenIn }: RunTableProps) => (
  <TableScroll label={label}>
    <table class="runs">
      <thead>
        <tr>
          {chosenIn && (
            <td class="choose">
              <input type="checkbox" data-chooses="run" aria-label="All runs on this page" hidden />
            </td>
          )}
          <th scope="col" class="number">
            Run
          </th>
          <th scope="col">State</th>
          <th scope="col">Session</th>
          <th scope="col">Trigger</th>
          <th scope="col">Started</th>
          <th scope="col" class="number">
            Took
          </th>
          <th scope="col">Outcome</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr id={`run-${run.id}`}>
            {chosenIn && (
              <td class="choose">
                <input type="checkbox" name="run" value={run.id} form={chosenIn} aria-label={`Run ${run.id}`} />
              </td>
            )}
            <th scope="row" class="number">
              <a href={`/runs/${run.id}`}>{run.id}</a>
            </th>
            <td>
              <State state={run.state} />
            </td>
            <td class="nowrap">{sessionsOf(run)}</td>
            <td class="nowrap">
              <Trigger run={run} />
            </td>
            <td class="nowrap">
              <Instant at={run.startedAt} />
            </td>
            <td class="number nowrap">{formatElapsed(run.startedAt, run.finishedAt, now)}</td>
            <td class={`outcome ${run.error ? "bad" : ""}`}>{run.error?.message ?? summarise(run.summary)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

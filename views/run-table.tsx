import { Instant, State, TableScroll } from "./components.tsx";
import { formatElapsed, formatLabel, formatPartition, formatValue } from "./format.ts";

/** A run as lists show it. */
export type ListedRun = {
  id: number;
  state: string;
  trigger: string;
  partition: string | null;
  partitionTo: string | null;
  backfillId: number | null;
  summary: unknown;
  error: { name: string; message: string; advice?: string } | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
};

/** The first plain values of a summary: "Rows 12,500, calls 1". */
function summarise(summary: unknown): string {
  if (typeof summary !== "object" || summary === null || Array.isArray(summary)) return "";
  return Object.entries(summary)
    .filter(([, value]) => typeof value === "number" || typeof value === "string")
    .slice(0, 4)
    .map(([key, value]) => `${formatLabel(key)} ${formatValue(value)}`)
    .join(", ");
}

const triggers: Record<string, string> = {
  schedule: "schedule",
  dataset: "dataset events",
  manual: "by hand",
  backfill: "backfill",
};

const Trigger = ({ run }: { run: ListedRun }) =>
  run.backfillId === null ? (
    (triggers[run.trigger] ?? run.trigger)
  ) : (
    <a href={`/backfills/${run.backfillId}`}>backfill {run.backfillId}</a>
  );

/** Runs, one a row, each leading to its page. */
export const RunTable = ({ runs, now, label }: { runs: ListedRun[]; now: Date; label: string }) => (
  <TableScroll label={label}>
    <table class="runs">
      <thead>
        <tr>
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
            <th scope="row" class="number">
              <a href={`/runs/${run.id}`}>{run.id}</a>
            </th>
            <td>
              <State state={run.state} />
            </td>
            <td class="nowrap">{formatPartition(run.partition, run.partitionTo)}</td>
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

import type { BatchRow, TryRow } from "../../db/queries/pipeline/read-runs.ts";
import { ErrorNote, Instant, Pager, Progress, State, TableScroll } from "../components.tsx";
import { formatCount, formatElapsed, formatInteger, none } from "../format.ts";
import { LogLines, type LogLineView } from "./log-lines.tsx";

/** One step of a run: a plain task, or all batches of a mapped one. */
export type StepView = {
  runId: number;
  /** The task itself, in a plain step that was reached. */
  taskId: number | null;
  /** Tasks that a person said the end of. */
  marked: number;
  step: number;
  name: string;
  description: string;
  isMapped: boolean;
  state: string;
  counts: [string, number][];
  batches: number;
  tries: number;
  startedAt: Date | null;
  finishedAt: Date | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  /** The page of batches shown; empty in plain tasks. */
  shown: BatchRow[];
  /** Where the next page of batches is; null on the last. */
  nextBatches: string | null;
  /** The state that the batches shown are in; null for any. */
  inState: string | null;
  /** Whether this address asks for batches of this step. */
  areBatchesAsked: boolean;
  /** Where the batches in a state are. */
  batchUrl(state: string | null): string;
  troubled: TryRow[];
  /** The last lines of its log. */
  log: LogLineView[];
};

const Amount = (props: { done: number | null; total: number | null; unit: string | null }) => (
  <>
    {props.done === null
      ? none
      : `${formatInteger(props.done)}${props.total ? ` of ${formatInteger(props.total)}` : ""} ${props.unit ?? ""}`}
  </>
);

/** Says of a state that it is what a person said, not what the work came to. */
export const MarkedTag = () => (
  <span class="tag" title="A person said so; the work did not end this way.">
    marked by hand
  </span>
);

const RetryBatch = ({ step, batch }: { step: StepView; batch: BatchRow }) => (
  <form method="post" action={`/runs/${step.runId}/tasks/${batch.id}/retry`} class="inline-form">
    <input type="hidden" name="to" value="run" />
    <button type="submit" class="link">
      Retry<span class="visually-hidden"> batch {batch.mapIndex}</span>
    </button>
  </form>
);

const Batches = ({ step, now }: { step: StepView; now: Date }) => (
  <details id={`batches-${step.step}`} open={step.areBatchesAsked}>
    <summary>
      {formatCount(step.batches, "batch", "batches")}:{" "}
      {step.counts.map(([state, count]) => `${formatInteger(count)} ${state}`).join(", ")}
    </summary>
    {step.counts.length > 1 && (
      <nav class="filter" aria-label={`Batches of ${step.name} by state`}>
        <a href={step.batchUrl(null)} aria-current={step.inState === null ? "true" : undefined}>
          All
        </a>
        {step.counts.map(([state, count]) => (
          <a href={step.batchUrl(state)} aria-current={step.inState === state ? "true" : undefined}>
            {formatInteger(count)} {state}
          </a>
        ))}
      </nav>
    )}
    <TableScroll label={`Batches of ${step.name}`}>
      <table>
        <thead>
          <tr>
            <th scope="col" class="number">
              Batch
            </th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              Tries
            </th>
            <th scope="col" class="number">
              Took
            </th>
            <th scope="col">Progress</th>
            <th scope="col">Error</th>
          </tr>
        </thead>
        <tbody>
          {step.shown.map((batch) => (
            <tr id={`batch-${step.step}-${batch.mapIndex}`}>
              <th scope="row" class="number">
                <a href={`/runs/${step.runId}/tasks/${batch.id}`}>{batch.mapIndex}</a>
              </th>
              <td class="nowrap">
                <State state={batch.state} /> {batch.marked && <MarkedTag />}
              </td>
              <td class="number">{batch.tries}</td>
              <td class="number nowrap">{formatElapsed(batch.startedAt, batch.finishedAt, now)}</td>
              <td class="nowrap">
                <Amount {...batch} />
              </td>
              <td class="outcome bad">
                {batch.error?.message}
                {(batch.state === "failed" || batch.state === "cancelled") && <RetryBatch step={step} batch={batch} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
    <Pager newer={null} older={step.nextBatches} />
  </details>
);

const Tries = ({ step, now }: { step: StepView; now: Date }) => (
  <details id={`tries-${step.step}`} open={step.state === "failed"}>
    <summary>
      {formatCount(step.troubled.length, "try", "tries")}
      {step.isMapped && " of batches that failed or were tried again"}
    </summary>
    <ul class="tries">
      {step.troubled.map((attempt, index) => (
        <li>
          <p class="where">
            <State state={attempt.state} />
            <b>
              <a href={`/runs/${step.runId}/tasks/${attempt.taskId}#try-${attempt.number}`}>
                Try {attempt.number}
                {step.isMapped && ` of batch ${attempt.mapIndex}`}
              </a>
            </b>
            <Instant at={attempt.startedAt} precise />
            <span>{formatElapsed(attempt.startedAt, attempt.finishedAt, now)}</span>
            <span class="note">by process {attempt.owner}</span>
          </p>
          {attempt.error &&
            (attempt.error.message === step.troubled[index - 1]?.error?.message ? (
              <p class="note">The same error as above.</p>
            ) : (
              <ErrorNote error={attempt.error} />
            ))}
        </li>
      ))}
    </ul>
  </details>
);

const Log = ({ step }: { step: StepView }) => (
  <details id={`log-${step.step}`} open={!step.isMapped && step.state === "failed"}>
    <summary>Log, {formatCount(step.log.length, "line")}</summary>
    <TableScroll label={`Log of ${step.name}`}>
      <ol class="log">
        <LogLines lines={step.log} hasTask={false} />
      </ol>
    </TableScroll>
  </details>
);

const Meter = ({ step }: { step: StepView }) => {
  const ended = step.counts.filter(([state]) => state === "success").reduce((sum, [, count]) => sum + count, 0);
  const hasAmount = step.done !== null && step.total !== null && step.total > 0;
  return step.state === "running" ? (
    <Progress
      value={hasAmount ? (step.done ?? 0) : ended}
      max={hasAmount ? (step.total ?? 1) : step.batches}
      label={`${step.name} done`}
    />
  ) : null;
};

/** One step: how it stands and how long it took, with batches, tries and log behind disclosures. */
export const Step = ({ step, now }: { step: StepView; now: Date }) => (
  <li class={`step ${step.state}`} id={`step-${step.step}`}>
    <div class="step-head">
      <h3>{step.taskId === null ? step.name : <a href={`/runs/${step.runId}/tasks/${step.taskId}`}>{step.name}</a>}</h3>
      <State state={step.state} />
      {step.marked > 0 && (step.isMapped ? <span class="tag">{step.marked} marked by hand</span> : <MarkedTag />)}
      {step.done !== null && (
        <span class="amount">
          <Amount {...step} />
        </span>
      )}
      <span class="took">{formatElapsed(step.startedAt, step.finishedAt, now)}</span>
    </div>
    <p class="note">{step.description}</p>
    <Meter step={step} />
    {step.isMapped && step.batches > 0 && <Batches step={step} now={now} />}
    {step.troubled.length > 0 && <Tries step={step} now={now} />}
    {step.log.length > 0 && <Log step={step} />}
  </li>
);

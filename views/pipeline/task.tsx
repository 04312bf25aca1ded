import type { TaskDetail } from "../../db/queries/pipeline/read-tasks.ts";
import { ErrorNote, Fact, Instant, Progress, Section, State } from "../components.tsx";
import { formatElapsed, formatInteger, formatPartition, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { Log, LogScript, type LogView } from "./log.tsx";
import { TaskActions } from "./run-actions.tsx";
import { MarkedTag } from "./run-steps.tsx";
import { Tries, type TryView } from "./task-tries.tsx";

/** One task or batch of a run. */
export type TaskView = Omit<TaskDetail, "step" | "tries" | "availableAt"> & {
  now: Date;
  jobTitle: string;
  description: string;
  tryCount: number;
  /** When it may be tried again; null where it does not wait for that. */
  waitsUntil: Date | null;
  isRunActive: boolean;
  /** Whether more may happen soon. */
  isLive: boolean;
  canRetry: boolean;
  canClear: boolean;
  canMark: boolean;
  problem: string | null;
  tries: TryView[];
  /** Where the tries before these are. */
  olderTries: string | null;
  /** The path and query that give this view again. */
  url: string;
};

const titleOf = (task: TaskView) => (task.isMapped ? `${task.name}, batch ${task.mapIndex}` : task.name);

const Facts = ({ task }: { task: TaskView }) => (
  <dl class="facts">
    {task.partition && <Fact term="Session">{formatPartition(task.partition, task.partitionTo)}</Fact>}
    <Fact term="Tries">
      {formatInteger(task.tryCount)}
      {task.failures > 0 && <small>{formatInteger(task.failures)} failed by themselves</small>}
    </Fact>
    <Fact term="Started">
      <Instant at={task.startedAt} precise />
    </Fact>
    <Fact term={task.finishedAt ? "Took" : "Running for"}>
      {formatElapsed(task.startedAt, task.finishedAt, task.now)}
    </Fact>
    {task.waitsUntil && (
      <Fact term="Tried again">
        <Instant at={task.waitsUntil} precise />
      </Fact>
    )}
    <Fact term="Progress">
      {task.done === null
        ? none
        : `${formatInteger(task.done)}${task.total ? ` of ${formatInteger(task.total)}` : ""} ${task.unit ?? ""}`}
    </Fact>
  </dl>
);

const Json = (props: { id: string; title: string; text: string | null; length: number; none: string }) => (
  <details id={props.id} class="json-box">
    <summary>
      {props.title}
      {props.text === null && `: ${props.none}`}
    </summary>
    {props.text !== null && (
      <>
        <pre>{props.text}</pre>
        {props.length > props.text.length && (
          <p class="note">
            The first {formatInteger(props.text.length)} of {formatInteger(props.length)} characters; the API answers
            all of it.
          </p>
        )}
      </>
    )}
  </details>
);

/** What marked and cleared mean for the one who meets them here. */
const Notes = ({ task }: { task: TaskView }) => (
  <>
    {task.marked && (
      <p class="note">A person said how this ended. It has no output, and no event was recorded for it.</p>
    )}
    {task.state === "cleared" && (
      <p class="note">
        {task.isRunActive
          ? "It waits for an earlier task that is to run again. Its tries and logs are kept."
          : "An earlier task was to run again, and the run ended before this one had its turn. Its tries and logs are kept."}
      </p>
    )}
  </>
);

/** Everything about a task but its log; refreshes itself while more may happen. */
export const TaskLive = ({ task }: { task: TaskView }) => (
  <div
    id="task"
    {...(task.isLive && {
      "hx-get": task.url,
      "hx-trigger": task.isRunActive ? "every 1s" : "every 5s",
      "hx-swap": "outerMorph",
    })}
  >
    <header class="page-head">
      <h1>{titleOf(task)}</h1>
      <State state={task.state} /> {task.marked && <MarkedTag />}
      <span>
        of <a href={`/runs/${task.runId}`}>run {task.runId}</a>, {task.jobTitle}
      </span>
      <TaskActions task={{ ...task, taskId: task.id }} />
    </header>
    {task.problem && (
      <p class="banner inline" role="alert">
        {task.problem}
      </p>
    )}
    <p class="lead">{task.description}</p>
    <Facts task={task} />
    {task.state === "running" && (
      <Progress
        {...(task.done !== null && { value: task.done })}
        {...(task.total !== null && { max: task.total })}
        label={`${titleOf(task)} done`}
      />
    )}
    {task.error && <ErrorNote error={task.error} />}
    <Notes task={task} />
    <div class="json-boxes">
      <Json id="input" title="Input" text={task.input} length={task.inputLength} none="it takes none" />
      <Json id="output" title="Output" text={task.output} length={task.outputLength} none="none" />
    </div>
    <Tries task={task} />
  </div>
);

/** One task or batch of a run. */
export const taskPage = ({ shell, task, log }: { shell: Shell; task: TaskView; log: LogView }) =>
  toDocument(
    <Page title={`${titleOf(task)}, run ${task.runId}`} shell={shell}>
      <TaskLive task={task} />
      <Section id="task-log" title="Log" note="Of all tries, the end of it live">
        <Log log={log} />
      </Section>
      <LogScript shell={shell} />
    </Page>,
  );

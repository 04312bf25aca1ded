import type { TryDetail } from "../../db/queries/pipeline/read-tasks.ts";
import { Empty, ErrorNote, Fact, Instant, Pager, Section, State } from "../components.tsx";
import { formatCount, formatElapsed } from "../format.ts";
import { LogLines, type LogLineView } from "./log-lines.tsx";

export type TryView = Omit<TryDetail, "lines"> & {
  lineCount: number;
  /** The end of its log. */
  lines: LogLineView[];
};

type Props = {
  task: { runId: number; id: number; now: Date; tries: TryView[]; tryCount: number; olderTries: string | null };
};

const Try = ({ attempt, path, now }: { attempt: TryView; path: string; now: Date }) => (
  <li class="try card" id={`try-${attempt.number}`}>
    <h3>
      Try {attempt.number} <State state={attempt.state} />
    </h3>
    <dl>
      <Fact term="Started">
        <Instant at={attempt.startedAt} precise />
      </Fact>
      <Fact term={attempt.finishedAt ? "Took" : "Running for"}>
        {formatElapsed(attempt.startedAt, attempt.finishedAt, now)}
      </Fact>
      <Fact term="Process">
        {attempt.pid === null ? attempt.owner : `${attempt.host}, pid ${attempt.pid}`}
        {attempt.pid !== null && <small>{attempt.owner}</small>}
      </Fact>
    </dl>
    {attempt.error && <ErrorNote error={attempt.error} />}
    {attempt.lines.length > 0 && (
      <section class="scroll" aria-label={`End of the log of try ${attempt.number}`} tabindex={0}>
        <ol class="log">
          <LogLines lines={attempt.lines} hasTask={false} />
        </ol>
      </section>
    )}
    <p>
      <a href={`${path}/log?try=${attempt.number}`}>
        Its log<span class="visually-hidden">, try {attempt.number}</span>, {formatCount(attempt.lineCount, "line")}
      </a>
    </p>
  </li>
);

/** The tries of a task side by side, the newest first. */
export const Tries = ({ task }: Props) => (
  <Section id="tries" title="Tries" note={formatCount(task.tryCount, "try", "tries")}>
    {task.tries.length === 0 ? (
      <Empty>{task.tryCount === 0 ? "Nobody has begun it yet." : "Its tries were removed by housekeeping."}</Empty>
    ) : (
      <ol class="try-cards">
        {task.tries.map((attempt) => (
          <Try attempt={attempt} path={`/runs/${task.runId}/tasks/${task.id}`} now={task.now} />
        ))}
      </ol>
    )}
    <Pager newer={null} older={task.olderTries} />
  </Section>
);

import type { RunRow } from "../../db/queries/pipeline/read-runs.ts";
import { describedBy, Field, Section } from "../components.tsx";
import { formatCount, formatInteger } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { queryOf, type RunListFilter } from "./run-list.tsx";
import { RunTable } from "./run-table.tsx";

export type RunChangeView = {
  change: "retry" | "clear" | "cancel" | "success" | "failed";
  filter: RunListFilter;
  /** How many runs match the filter, where all of them are meant; null where they were chosen one by one. */
  matched: number | null;
  changed: number[];
  refused: { runId: number; message: string }[];
  runs: RunRow[];
  now: Date;
  reason: string;
  problem: string | null;
};

const words: Record<RunChangeView["change"], { title: string; done: string; means: string }> = {
  retry: {
    title: "Retry",
    done: "retried",
    means: "What failed or was cancelled of each is queued again; what succeeded stays.",
  },
  clear: {
    title: "Clear",
    done: "run again from the start",
    means:
      "Each runs again from its first task, whatever became of it. Tries and logs are kept; a last task that succeeds again records its event again.",
  },
  cancel: {
    title: "Cancel",
    done: "cancelled",
    means: "Each stops where it is, within two seconds. What it already stored stays; it can be retried.",
  },
  success: {
    title: "Mark as successful",
    done: "marked as successful",
    means: "Their tasks stay as they are, and no dataset event is recorded: nothing downstream is woken.",
  },
  failed: {
    title: "Mark as failed",
    done: "marked as failed",
    means: "Their tasks stay as they are. A run marked as failed can be run again.",
  },
};

/** What came of a change, as its address tells it: the change, how many were changed, how many were not. */
export function tellChanged(text: string | undefined): string | null {
  const [, change, changed, refused] =
    /^(retry|clear|cancel|success|failed)\.(\d{1,4})\.(\d{1,4})$/.exec(text ?? "") ?? [];
  if (change === undefined) return null;
  const rest = Number(refused) > 0 ? ` ${formatInteger(Number(refused))} could not be.` : "";
  const were = Number(changed) === 1 ? "was" : "were";
  return `${formatCount(Number(changed), "run")} ${were} ${words[change as RunChangeView["change"]].done}.${rest}`;
}

const Reason = ({ view }: { view: RunChangeView }) => (
  <Field
    id="reason"
    label="Why"
    hint="For those who look at it later; up to 500 characters."
    error={view.problem ?? undefined}
  >
    <textarea
      id="reason"
      name="reason"
      rows={3}
      maxlength={500}
      required
      {...describedBy("reason", true, view.problem ?? undefined)}
    >
      {view.reason}
    </textarea>
  </Field>
);

const Refused = ({ refused }: { refused: RunChangeView["refused"] }) => (
  <Section id="refused" title="Not to these" note="They stay as they are">
    <ul class="prose">
      {refused.map(({ runId, message }) => (
        <li>
          <a href={`/runs/${runId}`}>Run {runId}</a>: {message}
        </li>
      ))}
    </ul>
  </Section>
);

/** What a change would do to each run, before anything is done. */
export const runChangePage = ({ shell, view }: { shell: Shell; view: RunChangeView }) => {
  const { title, means } = words[view.change];
  const count = view.changed.length;
  const chosen = new Set(view.changed);
  const shownOf = view.changed.length + view.refused.length;
  return toDocument(
    <Page title={`${title} ${formatCount(count, "run")}`} shell={shell}>
      <header class="page-head">
        <h1>
          {title} {formatCount(count, "run")}
        </h1>
        <a href={`/runs?${new URLSearchParams(queryOf(view.filter))}`}>Back without doing it</a>
      </header>
      <p>{means}</p>
      {view.matched !== null && view.matched > shownOf && (
        <p class="note">
          {formatInteger(view.matched)} match; these are the newest {formatInteger(shownOf)}. Do it again for the
          others.
        </p>
      )}
      {count > 0 && (
        <form method="post" action="/runs/changes" class="card form run-change">
          {queryOf(view.filter).map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
          {view.changed.map((id) => (
            <input type="hidden" name="run" value={id} />
          ))}
          {(view.change === "success" || view.change === "failed") && <Reason view={view} />}
          <div class="actions">
            <button
              type="submit"
              name="change"
              value={view.change}
              class={`button ${view.change === "retry" ? "primary" : "danger"}`}
            >
              {title} {formatCount(count, "run")}
            </button>
          </div>
        </form>
      )}
      {count === 0 && <p class="note">None of the chosen runs can be changed so.</p>}
      {view.refused.length > 0 && <Refused refused={view.refused} />}
      {count > 0 && (
        <Section id="changed" title="To these">
          <RunTable runs={view.runs.filter(({ id }) => chosen.has(id))} now={view.now} label="Runs to be changed" />
        </Section>
      )}
    </Page>,
  );
};

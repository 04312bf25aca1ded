import { describedBy, Field, State } from "../components.tsx";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";

/** The form by which a person says how something ended. */
export type MarkView = {
  what: "run" | "task" | "batch";
  /** Such as "run 12" or "fetch, batch 3 of run 12". */
  name: string;
  state: string;
  /** The page that it is about; the form posts to `<path>/mark`. */
  path: string;
  isActive: boolean;
  draft: { state: string; reason: string };
  errors: Record<string, string>;
};

const Meaning = ({ mark }: { mark: MarkView }) => (
  <ul class="prose">
    {mark.what === "run" ? (
      <>
        {mark.isActive && <li>What is queued or under way of it is cancelled, within two seconds.</li>}
        <li>Its tasks stay as they are, and no dataset event is recorded: nothing downstream is woken.</li>
        <li>A run marked as failed can be run again, from any of its tasks or by a backfill of failed sessions.</li>
      </>
    ) : (
      <>
        <li>
          A marked {mark.what} has <b>no output</b> and records <b>no event</b>. Work that it has under way is stopped.
        </li>
        <li>
          Marked as successful, the run goes on after it without what it would have answered, once nothing beside it is
          failed. Where it would have planned batches, there are none.
        </li>
        <li>Marked as failed, the run fails, and what came after it is cleared.</li>
      </>
    )}
    <li>The mark, the reason, your name and the time are kept and shown with the run.</li>
  </ul>
);

const choices: [string, string][] = [
  ["success", "Success"],
  ["failed", "Failed"],
];

/** A page, not a disclosure: a page that refreshes itself would lose what is typed. */
export const markPage = ({ shell, mark }: { shell: Shell; mark: MarkView }) =>
  toDocument(
    <Page title={`Mark ${mark.name}`} shell={shell}>
      <header class="page-head">
        <h1>Mark {mark.name}</h1>
        <State state={mark.state} />
        <a href={mark.path}>Back without marking</a>
      </header>
      {mark.errors.form && (
        <p class="banner inline" role="alert">
          {mark.errors.form}
        </p>
      )}
      <div class="mark-form">
        <form method="post" action={`${mark.path}/mark`} class="card form">
          <fieldset>
            <legend>It ended as</legend>
            {choices.map(([value, label]) => (
              <label class="check">
                <input type="radio" name="state" value={value} required checked={mark.draft.state === value} />
                {label}
              </label>
            ))}
            {mark.errors.state && <p class="field-error">{mark.errors.state}</p>}
          </fieldset>
          <Field
            id="reason"
            label="Why"
            hint="For those who look at it later; up to 500 characters."
            error={mark.errors.reason}
          >
            <textarea
              id="reason"
              name="reason"
              rows={3}
              maxlength={500}
              required
              {...describedBy("reason", true, mark.errors.reason)}
            >
              {mark.draft.reason}
            </textarea>
          </Field>
          <div class="actions">
            <button type="submit" class="button danger">
              Mark the {mark.what}
            </button>
          </div>
        </form>
        <section aria-labelledby="meaning-title">
          <h2 id="meaning-title">What marking means</h2>
          <Meaning mark={mark} />
        </section>
      </div>
    </Page>,
  );

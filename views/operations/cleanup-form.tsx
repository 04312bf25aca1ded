import { PreviewList, type RetentionPreview } from "./retention-form.tsx";

export type CleanUpForm = {
  /** Why it could not begin. */
  problem: string | null;
  preview: RetentionPreview | null;
  /** Days that raw answers are kept; null is for ever, and then none can go. */
  lakeDays: number | null;
  withNewest: boolean;
};

/** Removes now what is too old by what is set. What cannot be made again is counted and asked about first. */
export const CleanUpFormView = ({ form }: { form: CleanUpForm }) => {
  const isAsked = form.withNewest && (form.preview?.counts.lakeObjects ?? 0) > 0;
  return (
    <form id="clean-up" class="card form" method="post" action="/system/housekeeping">
      <h2>Clean up</h2>
      <p class="note">By itself every night at 04:30 New York, or soon after a start that missed it.</p>
      {form.problem && (
        <p class="field-error" role="alert">
          {form.problem}
        </p>
      )}
      {form.lakeDays !== null && (
        <label class="check" for="with-newest">
          <input id="with-newest" type="checkbox" name="withNewest" value="yes" checked={form.withNewest} />
          <span>
            Also the newest raw answers of sessions, where they are older than {form.lakeDays} days. Nothing can be
            rebuilt from raw for those sessions; their bars stay.
          </span>
        </label>
      )}
      {form.preview && <PreviewList preview={form.preview} />}
      <p class="actions">
        <button type="submit" name="intent" value="preview" class="button">
          Preview
        </button>
        <button
          type="submit"
          name="intent"
          value={isAsked ? "confirm" : "clean"}
          class={`button ${isAsked ? "danger" : ""}`}
        >
          {isAsked ? "Remove them for good" : "Clean up now"}
        </button>
      </p>
    </form>
  );
};

import { describedBy, Field } from "./components.tsx";
import { formatCount, formatDate, formatDuration, formatInteger } from "./format.ts";

/** What a person typed, as they typed it. */
export type BackfillDraft = { from: string; to: string; reprocess: string; strategy: string; tickers: string };

export type SkippedGroup = { reason: string; count: number; ranges: string[] };

/** What a backfill would do, as far as a person needs to know before starting it. */
export type BackfillPreview = {
  strategy: "grouped" | "per_ticker";
  calls: number;
  alternative: { strategy: "grouped" | "per_ticker"; calls: number } | null;
  minutes: number;
  callsPerMinute: number | null;
  dates: string[];
  skipped: SkippedGroup[];
};

export type BackfillForm = {
  jobId: string;
  draft: BackfillDraft;
  /** By field; under `form` what belongs to none. */
  errors: Record<string, string>;
  preview: BackfillPreview | null;
};

const strategyNames: Record<string, string> = {
  grouped: "by session (one call fetches a whole session)",
  per_ticker: "by ticker (one call fetches a ticker’s whole range)",
};

type ChoiceProps = { form: BackfillForm; name: "reprocess" | "strategy"; label: string; options: [string, string][] };

const Choice = ({ form, name, label, options }: ChoiceProps) => (
  <Field id={name} label={label} error={form.errors[name]}>
    <select id={name} name={name} {...describedBy(name, false, form.errors[name])}>
      {options.map(([value, text]) => (
        <option value={value} selected={form.draft[name] === value}>
          {text}
        </option>
      ))}
    </select>
  </Field>
);

const DateField = ({ form, name, label }: { form: BackfillForm; name: "from" | "to"; label: string }) => (
  <Field id={name} label={label} error={form.errors[name]}>
    <input
      id={name}
      name={name}
      type="date"
      required
      value={form.draft[name]}
      {...describedBy(name, false, form.errors[name])}
    />
  </Field>
);

const Preview = ({ preview }: { preview: BackfillPreview }) => (
  <div class="preview" role="status">
    <p class="lead">
      {preview.dates.length === 0 ? (
        "Nothing to do: no session of this range is left to run. What ran and failed, or was cancelled, is fetched again with Failed, and everything with All."
      ) : (
        <>
          <b>{formatCount(preview.dates.length, "session")}</b> in <b>{formatCount(preview.calls, "call")}</b>,{" "}
          {preview.minutes > 0 && preview.callsPerMinute !== null
            ? `${formatDuration(preview.minutes * 60_000)} at ${formatInteger(preview.callsPerMinute)} calls a minute`
            : "without a rate limit"}
          .
        </>
      )}
    </p>
    {preview.dates.length > 0 && (
      <p class="note">
        Fetched {strategyNames[preview.strategy]}.
        {preview.alternative &&
          ` The other way, ${preview.alternative.strategy === "grouped" ? "by session" : "by ticker"}, takes ${formatCount(preview.alternative.calls, "call")}.`}
      </p>
    )}
    {preview.dates.length > 0 && (
      <details id="preview-dates">
        <summary>The {formatCount(preview.dates.length, "session")}</summary>
        <ul class="dates">
          {preview.dates.map((date) => (
            <li>{date}</li>
          ))}
        </ul>
      </details>
    )}
    {preview.skipped.length > 0 && (
      <details id="preview-skipped">
        <summary>
          Skipped:{" "}
          {formatCount(
            preview.skipped.reduce((sum, group) => sum + group.count, 0),
            "day",
          )}
        </summary>
        <ul class="skipped">
          {preview.skipped.map((group) => (
            <li>
              <b>{group.reason}</b> {formatCount(group.count, "day")}
              {group.ranges.length > 0 && <span class="note">: {group.ranges.join(", ")}</span>}
            </li>
          ))}
        </ul>
      </details>
    )}
  </div>
);

/** Asks what to fetch again, shows what that means, and starts it. Refreshes itself where there are scripts. */
export const BackfillFormView = ({ form }: { form: BackfillForm }) => {
  const action = `/jobs/${encodeURIComponent(form.jobId)}/backfills`;
  const canStart = form.preview !== null && form.preview.dates.length > 0;
  return (
    <form
      id="backfill"
      class="card form"
      method="post"
      action={action}
      novalidate
      hx-post={action}
      hx-swap="outerMorph"
      hx-target="this"
      hx-disable="find button"
    >
      <h2>Backfill</h2>
      <p class="note">Runs past sessions again, or those that were never run. Work of the day goes first.</p>
      {form.errors.form && (
        <p class="field-error" role="alert">
          {form.errors.form}
        </p>
      )}
      <div class="pair">
        <DateField form={form} name="from" label="From" />
        <DateField form={form} name="to" label="To" />
      </div>
      <Choice
        form={form}
        name="reprocess"
        label="Which sessions"
        options={[
          ["missing", "Missing: without a run, or cancelled"],
          ["failed", "Failed: failed or cancelled"],
          ["all", "All: fetch everything again"],
        ]}
      />
      <Choice
        form={form}
        name="strategy"
        label="How to fetch"
        options={[
          ["auto", "Whichever needs fewer calls"],
          ["grouped", "By session"],
          ["per_ticker", "By ticker"],
        ]}
      />
      <Field
        id="tickers"
        label="Only these tickers (optional)"
        hint="Symbols with commas, such as AAPL, BRK.B. Left empty: the whole universe."
        error={form.errors.tickers}
      >
        <input
          id="tickers"
          name="tickers"
          value={form.draft.tickers}
          autocomplete="off"
          spellcheck={false}
          {...describedBy("tickers", true, form.errors.tickers)}
        />
      </Field>
      {form.preview && <Preview preview={form.preview} />}
      <p class="actions">
        <button type="submit" name="intent" value="preview" class={`button ${canStart ? "" : "primary"}`}>
          Preview
        </button>
        {canStart && (
          <button type="submit" name="intent" value="start" class="button primary">
            Start backfill
          </button>
        )}
      </p>
    </form>
  );
};

/** Consecutive dates told as a range. */
export const tellRange = (first: string, last: string) =>
  first === last ? formatDate(first) : `${formatDate(first)} – ${formatDate(last)}`;

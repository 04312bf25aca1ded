import { describedBy, Field } from "../components.tsx";
import { formatInteger } from "../format.ts";
import { type BackfillPreview, Preview } from "./backfill-preview.tsx";

/** What a person typed, as they typed it. */
export type BackfillDraft = {
  from: string;
  to: string;
  reprocess: string;
  strategy: string;
  tickers: string;
  concurrency: string;
  order: string;
};

export type BackfillForm = {
  /** Where it is sent; the page there shows it again with what was typed. */
  action: string;
  /** Runs that the job starts at a time, the most that one backfill may have. */
  maxActiveRuns: number;
  draft: BackfillDraft;
  /** By field; under `form` what belongs to none. */
  errors: Record<string, string>;
  preview: BackfillPreview | null;
};

type ChoiceProps = {
  form: BackfillForm;
  name: "reprocess" | "strategy" | "order";
  label: string;
  hint?: string;
  options: [string, string][];
};

const Choice = ({ form, name, label, hint, options }: ChoiceProps) => (
  <Field id={name} label={label} {...(hint && { hint })} error={form.errors[name]}>
    <select id={name} name={name} {...describedBy(name, hint !== undefined, form.errors[name])}>
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

/** Options of the order, for this form and for that of a backfill under way. */
export const orderOptions: [string, string][] = [
  ["oldest", "Oldest first"],
  ["newest", "Newest first"],
];

const Pace = ({ form }: { form: BackfillForm }) => (
  <div class="pair">
    <Field
      id="concurrency"
      label="Sessions at a time (optional)"
      hint={`From 1 to ${formatInteger(form.maxActiveRuns)}. Left empty: as many as there is room for.`}
      error={form.errors.concurrency}
    >
      <input
        id="concurrency"
        name="concurrency"
        type="number"
        min="1"
        max={form.maxActiveRuns}
        inputmode="numeric"
        value={form.draft.concurrency}
        {...describedBy("concurrency", true, form.errors.concurrency)}
      />
    </Field>
    <Choice form={form} name="order" label="Order" hint="Both can be changed on the way." options={orderOptions} />
  </div>
);

/** Asks what to fetch again, shows what that means, and starts it. Refreshes itself where there are scripts. */
export const BackfillFormView = ({ form }: { form: BackfillForm }) => {
  const { action } = form;
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
        hint="A recheck fetches what succeeded again and changes only what the vendor has changed."
        options={[
          ["missing", "Missing: without a run, or cancelled"],
          ["failed", "Failed: failed or cancelled"],
          ["all", "All: fetch everything again"],
          ["recheck", "Recheck: see what the vendor changed"],
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
      <Pace form={form} />
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

import { describedBy, Field } from "../components.tsx";
import { formatBytes, formatCount, formatInteger } from "../format.ts";

/** How many of each kind would go now. A count of `most` stands for that many or more. */
export type RetentionPreview = { counts: Record<string, number>; most: number };

/** The form as it is shown: `draft` is what was typed, as it was typed; empty is for ever. */
export type RetentionForm = {
  draft: Record<string, string>;
  errors: Record<string, string>;
  preview: RetentionPreview | null;
  /** Raw answers would go that stayed before: asked once more. */
  asksAboutLake: boolean;
  isSaved: boolean;
};

/** What is asked for each kind of record, and what is lost with it. */
export const retentionFields: { name: string; kind: string; label: string; hint: string }[] = [
  { name: "logsDays", kind: "logs", label: "Logs of tasks", hint: "The lines on a run’s page." },
  { name: "triesDays", kind: "tries", label: "Tries", hint: "When each task was begun, and how it failed." },
  {
    name: "eventsDays",
    kind: "events",
    label: "Dataset events",
    hint: "Who woke whom. What a session’s state or a late load still needs stays.",
  },
  { name: "rejectsDays", kind: "rejects", label: "Rejected rows", hint: "Rows that failed a check, with the reason." },
  {
    name: "resultsDays",
    kind: "results",
    label: "Model and test results",
    hint: "Those since the last published build stay.",
  },
  { name: "alertsDays", kind: "alerts", label: "Alerts", hint: "Resolved ones, with who was told." },
  {
    name: "lakeDays",
    kind: "lake",
    label: "Raw answers in the lake",
    hint: "Only answers that a later landing of the same sessions replaced: older states cannot be loaded again. The newest of each session stays.",
  },
];

const DaysField = ({ form, field }: { form: RetentionForm; field: (typeof retentionFields)[number] }) => (
  <Field id={field.name} label={field.label} hint={field.hint} error={form.errors[field.name]}>
    <span class="days-field">
      <input
        id={field.name}
        name={field.name}
        inputmode="numeric"
        autocomplete="off"
        placeholder="for ever"
        value={form.draft[field.name] ?? ""}
        {...describedBy(field.name, true, form.errors[field.name])}
      />
      days
    </span>
  </Field>
);

const nouns: [string, string, string?][] = [
  ["logs", "line of logs", "lines of logs"],
  ["tries", "try", "tries"],
  ["events", "event"],
  ["rejects", "rejected row"],
  ["results", "result"],
  ["alerts", "alert"],
];

/** What would go now, kind by kind; what would not is left out. */
export const PreviewList = ({ preview: { counts, most } }: { preview: RetentionPreview }) => {
  const found = nouns.flatMap(([kind, singular, plural]) => {
    const count = counts[kind] ?? 0;
    if (count === 0) return [];
    return [
      count >= most
        ? `${formatInteger(most)} ${plural ?? `${singular}s`} or more`
        : formatCount(count, singular, plural),
    ];
  });
  const objects = counts.lakeObjects ?? 0;
  if (objects > 0) found.push(`${formatCount(objects, "raw answer")}, ${formatBytes(counts.lakeBytes ?? 0)}`);
  return (
    <div class="preview removals" role="status">
      {found.length === 0 ? (
        <p>Nothing is that old: nothing would be removed now.</p>
      ) : (
        <>
          <p>Would be removed now:</p>
          <ul>
            {found.map((text) => (
              <li>{text}</li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
};

/** Asks how long each kind of record is kept. Refreshes itself where there are scripts. */
export const RetentionFormView = ({ form }: { form: RetentionForm }) => (
  <form
    id="retention"
    class="card form"
    method="post"
    action="/system/retention"
    novalidate
    hx-post="/system/retention"
    hx-swap="outerMorph"
    hx-target="this"
    hx-disable="find button"
  >
    <h2>What is kept</h2>
    <p class="note">
      Days; an empty field is for ever. Bars, models, runs, scenarios, watchlists, screens, data alerts and who did what
      always stay; deleted ones of these stay for 30 days.
    </p>
    {form.errors.form && (
      <p class="field-error" role="alert">
        {form.errors.form}
      </p>
    )}
    {form.isSaved && <p role="status">Saved. The next cleaning up goes by it.</p>}
    {retentionFields.map((field) => (
      <DaysField form={form} field={field} />
    ))}
    {form.preview && <PreviewList preview={form.preview} />}
    {form.asksAboutLake && (
      <p class="field-error" role="alert">
        Raw answers are what everything else can be made from again. Those that go cannot be had back.
      </p>
    )}
    <p class="actions">
      <button type="submit" name="intent" value="preview" class="button">
        Preview
      </button>
      {form.asksAboutLake ? (
        <button type="submit" name="intent" value="confirm" class="button danger">
          Save, and let raw answers go
        </button>
      ) : (
        <button type="submit" name="intent" value="save" class="button primary">
          Save
        </button>
      )}
    </p>
  </form>
);

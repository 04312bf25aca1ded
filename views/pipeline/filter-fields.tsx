type Choice = { value: string; label: string };

/** The page tells the ids of its fields apart from those of others. */
type FieldProps = { page: string; name: string; label: string; value: string };

/** A labelled choice of a filter. */
export const Select = ({ page, name, label, value: chosen, choices }: FieldProps & { choices: Choice[] }) => (
  <div class="field">
    <label for={`${page}-${name}`}>{label}</label>
    <select id={`${page}-${name}`} name={name}>
      {choices.map(({ value, label: text }) => (
        <option value={value} selected={value === chosen}>
          {text}
        </option>
      ))}
    </select>
  </div>
);

/** These words, and none of them. */
export const anyOf = (values: readonly string[]): Choice[] => [
  { value: "", label: "any" },
  ...values.map((value) => ({ value, label: value })),
];

/** A labelled date of a filter. */
export const Day = ({ page, name, label, value }: FieldProps) => (
  <div class="field">
    <label for={`${page}-${name}`}>{label}</label>
    <input id={`${page}-${name}`} type="date" name={name} value={value} />
  </div>
);

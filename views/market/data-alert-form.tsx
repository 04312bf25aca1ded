import type { Child } from "hono/jsx";
import { describedBy, Field } from "../components.tsx";
import type { DataAlertForm } from "./data-alert-types.ts";

const operators: [value: string, label: string][] = [
  ["above", "is above"],
  ["below", "is below"],
  ["crosses_above", "crosses above"],
  ["crosses_below", "crosses below"],
  ["equals", "equals"],
];

type Part = { form: DataAlertForm; id: string };

const Text = (props: Part & { name: "name" | "ticker" | "value"; label: string; hint?: string; longest: number }) => {
  const { form, name, label, hint, longest } = props;
  const id = `${props.id}-${name}`;
  const error = form.errors[name];
  return (
    <Field id={id} label={label} {...(hint && { hint })} error={error}>
      <input
        id={id}
        name={name}
        value={form.draft[name]}
        maxlength={longest}
        autocomplete="off"
        spellcheck={false}
        {...describedBy(id, hint !== undefined, error)}
      />
    </Field>
  );
};

const Check = (props: { id: string; name: string; label: string; isChecked: boolean; children?: Child }) => (
  <div class="field">
    <label class="check" for={props.id}>
      <input id={props.id} type="checkbox" name={props.name} value="true" checked={props.isChecked} /> {props.label}
    </label>
    {props.children}
  </div>
);

/** A figure, how it is compared, and with what. */
export const ConditionFields = ({ form, id }: Part) => (
  <div class="alert-condition">
    <Field id={`${id}-column`} label="Figure" error={form.errors.column}>
      <select id={`${id}-column`} name="column" {...describedBy(`${id}-column`, false, form.errors.column)}>
        {form.columns.map(({ group, columns }) => (
          <optgroup label={group}>
            {columns.map(({ name, label }) => (
              <option value={name} selected={name === form.draft.column}>
                {label}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </Field>
    <Field id={`${id}-operator`} label="Comparison" error={form.errors.operator}>
      <select id={`${id}-operator`} name="operator" {...describedBy(`${id}-operator`, false, form.errors.operator)}>
        {operators.map(([value, label]) => (
          <option value={value} selected={value === form.draft.operator}>
            {label}
          </option>
        ))}
      </select>
    </Field>
    <Text form={form} id={id} name="value" label="Value" hint="150, 5%, 1.5M; a text, true or false." longest={200} />
  </div>
);

/** How the alert begins. */
export const TellFields = ({ form, id }: Part) => (
  <>
    {form.draft.kind === "screen" && (
      <Check
        id={`${id}-leaving`}
        name="tellLeaving"
        label="Tell of tickers that leave it too"
        isChecked={form.draft.tellLeaving}
      />
    )}
    <Check id={`${id}-at-once`} name="tellAtOnce" label="Tell at once what is so now" isChecked={form.draft.tellAtOnce}>
      <p class="hint">
        Else the first check only takes what stands, and what changes after it is told
        {form.draft.kind === "ticker" && "; as it always is of what crosses"}.
      </p>
    </Check>
  </>
);

const Frame = (props: Part & { title: string; note: string; kind: "ticker" | "screen"; children: Child }) => (
  <form class="card form" id={props.id} method="post" action="/alerts/data" novalidate>
    <h2>{props.title}</h2>
    <p class="note">{props.note}</p>
    {props.form.errors.form && (
      <p class="field-error" role="alert">
        {props.form.errors.form}
      </p>
    )}
    <input type="hidden" name="kind" value={props.kind} />
    {props.children}
    <Text form={props.form} id={props.id} name="name" label="Name (optional)" longest={200} />
    <div>
      <button type="submit" class="button primary">
        Make the alert
      </button>
    </div>
  </form>
);

/** Asks for an alert on a figure of a ticker. */
export const TickerAlertForm = ({ form }: { form: DataAlertForm }) => (
  <Frame
    form={form}
    id="on-ticker"
    kind="ticker"
    title="On a ticker"
    note="Told when a figure of its newest session is so, and was not before."
  >
    <Text form={form} id="on-ticker" name="ticker" label="Ticker" longest={32} />
    <ConditionFields form={form} id="on-ticker" />
    <TellFields form={form} id="on-ticker" />
  </Frame>
);

/** Asks for an alert on a saved screen, or saves the one that somebody looks at. */
export const ScreenAlertForm = ({ form }: { form: DataAlertForm }) => (
  <Frame
    form={form}
    id="on-screen"
    kind="screen"
    title="On a screen"
    note="Told when tickers enter it: many of a session in one message."
  >
    {form.draft.query !== "" ? (
      <>
        <input type="hidden" name="query" value={form.draft.query} />
        <p>
          <b>{form.queryText === "" ? "Every ticker" : form.queryText}</b>
          <span class="hint block">The screen is saved by the alert's name.</span>
        </p>
      </>
    ) : form.screens.length === 0 ? (
      <p class="note">
        No screen is saved. Look for something in the <a href="/screener">screener</a>, and choose “Alert me” there.
      </p>
    ) : (
      <Field id="on-screen-screen" label="Saved screen" error={form.errors.screen}>
        <select id="on-screen-screen" name="screen" {...describedBy("on-screen-screen", false, form.errors.screen)}>
          {form.screens.map(({ id, name }) => (
            <option value={id} selected={String(id) === form.draft.screen}>
              {name}
            </option>
          ))}
        </select>
      </Field>
    )}
    <TellFields form={form} id="on-screen" />
  </Frame>
);

import { describedBy, Field } from "../components.tsx";
import { formatInteger } from "../format.ts";
import { fieldId } from "./backtest-fields.ts";
import { CostsAndStops, Fold, Input, Money, SideAndDividends, Survivorship, Ticker } from "./backtest-form.tsx";
import { Words } from "./backtest-words.tsx";
import { Strategies } from "./strategy-choice.tsx";
import type { SweepForm } from "./sweep-view.ts";

type OwnProps = { form: SweepForm; name: string; label: string; hint?: string; type?: "text" | "date" };

/** A field that only a sweep has. */
const Own = ({ form, name, label, hint, type = "text" }: OwnProps) => {
  const id = fieldId(name);
  const error = form.errors[name];
  return (
    <Field id={id} label={label} {...(hint !== undefined && { hint })} error={error}>
      <input
        id={id}
        name={name}
        type={type}
        value={form.draft[name] ?? ""}
        autocomplete="off"
        spellcheck={false}
        {...describedBy(id, hint !== undefined, error)}
      />
    </Field>
  );
};

type OwnChoiceProps = { form: SweepForm; name: string; label: string; options: [value: string, text: string][] };

const OwnChoice = ({ form, name, label, options }: OwnChoiceProps) => {
  const id = fieldId(name);
  const error = form.errors[name];
  return (
    <Field id={id} label={label} error={error}>
      <select id={id} name={name} {...describedBy(id, false, error)}>
        {options.map(([value, text]) => (
          <option value={value} selected={value === form.draft[name]}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  );
};

/** A sweep of the universe has fewer; which it is, is chosen in the form itself. */
const pointsHint = ({ mostPoints }: SweepForm) =>
  `Up to ${formatInteger(mostPoints.ticker)} of one ticker, ${formatInteger(mostPoints.universe)} of the universe`;

const Search = ({ form }: { form: SweepForm }) => (
  <>
    <div class="fields">
      <OwnChoice
        form={form}
        name="score"
        label="Best by"
        options={form.metrics.map(({ name, label }) => [name, label])}
      />
      <OwnChoice
        form={form}
        name="search"
        label="Search"
        options={[
          ["grid", "Every point"],
          ["random", "At random"],
        ]}
      />
    </div>
    <div class="fields random-only">
      <Own form={form} name="points" label="Points" hint={pointsHint(form)} />
      <Own form={form} name="seed" label="Seed" hint="The same draws the same" />
    </div>
    <div class="fields">
      <OwnChoice
        form={form}
        name="split"
        label="Choose on"
        options={[
          ["fraction", "The first part"],
          ["date", "What is before a date"],
          ["none", "Everything"],
        ]}
      />
      <div class="fraction-only">
        <Own form={form} name="inSample" label="In sample" hint="10% to 95%" />
      </div>
      <div class="date-only">
        <Own form={form} name="outOfSampleFrom" label="Out of sample from" type="date" />
      </div>
    </div>
    <div class="fields">
      <OwnChoice
        form={form}
        name="walk"
        label="Walk-forward"
        options={[
          ["none", "None"],
          ["rolling", "On the part before"],
          ["anchored", "On all before"],
        ]}
      />
      <div class="walk-only">
        <Own form={form} name="windows" label="Windows" hint="1 to 24" />
      </div>
    </div>
  </>
);

const more = ["side", "dividends", "riskFree"];

const Folds = ({ form }: { form: SweepForm }) => (
  <>
    <CostsAndStops form={form} />
    <Fold form={form} id="more" title="Side, dividends, risk-free rate" names={more}>
      <SideAndDividends form={form} />
      <Input form={form} name="riskFree" hint="A year: 4%" inputmode="decimal" />
    </Fold>
  </>
);

/** What to search: a plain form whose answer is the page of the sweep. */
export const SweepFormView = ({ form }: { form: SweepForm }) => {
  const wrong = Object.keys(form.errors).length;
  return (
    <form class="backtest-form sweep-form card" method="post" action="/sweeps" aria-label="Sweep">
      {(form.others.length > 0 || wrong > 0) && (
        <div class="error-note" role="alert">
          {form.others.map((message) => (
            <p class="message">
              <Words text={message} />
            </p>
          ))}
          {wrong > 0 && (
            <p class="message">
              This cannot be searched as it is asked: see the {wrong === 1 ? "field" : "fields"} marked.
            </p>
          )}
        </div>
      )}
      <div class="ticker-only">
        <Ticker form={form} />
      </div>
      <div class="fields">
        <Input form={form} name="from" type="date" />
        <Input form={form} name="to" type="date" />
      </div>
      <Strategies form={form} legend="Strategy and what to try it with" takes="values" />
      <Survivorship form={form} />
      <Search form={form} />
      <Money form={form} />
      <Folds form={form} />
      <p class="run">
        <button type="submit" class="button primary">
          Begin the sweep
        </button>
      </p>
    </form>
  );
};

import { fieldId } from "./backtest-fields.ts";
import { Choice, Fold, Input, Money, Ticker } from "./backtest-form.tsx";
import type { ParameterField, StrategyChoice } from "./backtest-view.ts";
import { Words } from "./backtest-words.tsx";
import { describedBy, Field } from "./components.tsx";
import { formatInteger } from "./format.ts";
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

const Parameter = ({ field, error }: { field: ParameterField; error: string | undefined }) => {
  const id = fieldId(field.name);
  return (
    <Field id={id} label={field.label} hint={field.hint} error={error}>
      <input
        id={id}
        name={field.name}
        value={field.value}
        autocomplete="off"
        spellcheck={false}
        {...describedBy(id, true, error)}
      />
    </Field>
  );
};

const Strategy = ({ form, choice }: { form: SweepForm; choice: StrategyChoice }) => {
  const id = fieldId(`strategy-${choice.id}`);
  return (
    <div class="strategy-choice" data-scope={choice.scope}>
      <label class="strategy-name" for={id}>
        <input
          type="radio"
          id={id}
          name="strategy"
          value={choice.id}
          checked={form.draft.strategy === choice.id}
          aria-describedby={`${id}-rule`}
        />
        {choice.name}
      </label>
      <div class="strategy-detail">
        <p class="hint" id={`${id}-rule`}>
          <Words text={choice.description} />
        </p>
        {choice.parameters.length > 0 && (
          <>
            <p class="hint">
              Each is a number, a list such as <code>10, 20, 50</code>, or a range such as <code>5 to 50 by 5</code>.
            </p>
            <div class="fields sweep-parameters">
              {choice.parameters.map((field) => (
                <Parameter field={field} error={form.errors[field.name]} />
              ))}
            </div>
          </>
        )}
      </div>
    </div>
  );
};

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
      <Own form={form} name="points" label="Points" hint={`Up to ${formatInteger(form.mostPoints)}`} />
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

const costs = ["commission.bps", "commission.perShare", "commission.perOrder", "slippage.bps"];
const stops = ["stopLoss", "takeProfit", "trailingStop"];
const more = ["side", "dividends", "riskFree"];

const Folds = ({ form }: { form: SweepForm }) => (
  <>
    <Fold form={form} id="costs" title="Commission and slippage" names={costs}>
      {costs.map((name) => (
        <Input form={form} name={name} inputmode="decimal" />
      ))}
    </Fold>
    <Fold form={form} id="stops" title="Stops" names={stops}>
      <Input form={form} name="stopLoss" placeholder="none" hint="Below the entry: 5%" />
      <Input form={form} name="takeProfit" placeholder="none" hint="Above the entry: 20%" />
      <Input form={form} name="trailingStop" placeholder="none" hint="Below the best since: 10%" />
    </Fold>
    <Fold form={form} id="more" title="Side, dividends, risk-free rate" names={more}>
      <Choice
        form={form}
        name="side"
        options={[
          ["long", "Long only"],
          ["long_short", "Long and short"],
        ]}
      />
      <Choice
        form={form}
        name="dividends"
        options={[
          ["false", "Left out"],
          ["true", "Paid to holders"],
        ]}
      />
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
      <Ticker form={form} />
      <div class="fields">
        <Input form={form} name="from" type="date" />
        <Input form={form} name="to" type="date" />
      </div>
      <fieldset class="strategies">
        <legend>Strategy and what to try it with</legend>
        {form.errors.strategy && <p class="field-error">{form.errors.strategy}</p>}
        {form.strategies.map((choice) => (
          <Strategy form={form} choice={choice} />
        ))}
      </fieldset>
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

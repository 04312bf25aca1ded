import { describedBy, Field } from "../components.tsx";
import { fieldId } from "./backtest-fields.ts";
import type { BacktestForm, ParameterField, StrategyChoice } from "./backtest-view.ts";
import { Words } from "./backtest-words.tsx";

/** What a parameter's field takes: one number, or what a sweep tries it with. */
type Takes = "number" | "values";

type ParameterProps = { field: ParameterField; takes: Takes; error: string | undefined };

const Parameter = ({ field, takes, error }: ParameterProps) => {
  const id = fieldId(field.name);
  return (
    <Field id={id} label={field.label} hint={field.hint} error={error}>
      <input
        id={id}
        name={field.name}
        value={field.value}
        autocomplete="off"
        {...(takes === "number" ? { inputmode: field.isWhole ? "numeric" : "decimal" } : { spellcheck: false })}
        {...describedBy(id, true, error)}
      />
    </Field>
  );
};

type StrategyProps = { form: BacktestForm; choice: StrategyChoice; takes: Takes };

/** A strategy, and its rule and parameters where it is the chosen one: the style sheet shows no other, without a script. */
const Strategy = ({ form, choice, takes }: StrategyProps) => {
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
        {choice.problems.length > 0 && <span class="note"> ({choice.problems.join(", ").toLowerCase()})</span>}
      </label>
      <div class="strategy-detail">
        <p class="hint" id={`${id}-rule`}>
          <Words text={choice.description} />
          {choice.file && (
            <>
              {" "}
              Your file <code>{choice.file}</code>.
            </>
          )}
        </p>
        {choice.parameters.length > 0 && takes === "values" && (
          <p class="hint">
            Each is a number, a list such as <code>10, 20, 50</code>, or a range such as <code>5 to 50 by 5</code>.
          </p>
        )}
        {choice.parameters.length > 0 && (
          <div class={takes === "values" ? "fields sweep-parameters" : "fields"}>
            {choice.parameters.map((field) => (
              <Parameter field={field} takes={takes} error={form.errors[field.name]} />
            ))}
          </div>
        )}
      </div>
    </div>
  );
};

/** The choice of a strategy, with the parameters of each. */
export const Strategies = ({ form, legend, takes }: { form: BacktestForm; legend: string; takes: Takes }) => (
  <fieldset class="strategies">
    <legend>{legend}</legend>
    {form.errors.strategy && <p class="field-error">{form.errors.strategy}</p>}
    {form.strategies.map((choice) => (
      <Strategy form={form} choice={choice} takes={takes} />
    ))}
  </fieldset>
);

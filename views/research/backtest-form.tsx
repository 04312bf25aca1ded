import type { Child } from "hono/jsx";
import { describedBy, Field } from "../components.tsx";
import { formatDate } from "../format.ts";
import { fieldId, fieldLabels } from "./backtest-fields.ts";
import type { BacktestForm } from "./backtest-view.ts";
import { Strategies } from "./strategy-choice.tsx";

type InputProps = {
  form: BacktestForm;
  name: string;
  hint?: string;
  type?: "text" | "date";
  inputmode?: "decimal" | "numeric" | "text";
  placeholder?: string;
  list?: string;
};

/** A text field with what was typed into it, its hint and its error. Numbers are text too: 5% and 10,000 are taken. */
export const Input = ({ form, name, hint, type = "text", ...rest }: InputProps) => {
  const id = fieldId(name);
  const error = form.errors[name];
  return (
    <Field id={id} label={fieldLabels[name] ?? name} {...(hint !== undefined && { hint })} error={error}>
      <input
        id={id}
        name={name}
        type={type}
        value={form.draft[name] ?? ""}
        autocomplete="off"
        spellcheck={false}
        {...rest}
        {...describedBy(id, hint !== undefined, error)}
      />
    </Field>
  );
};

type ChoiceProps = { form: BacktestForm; name: string; options: [value: string, text: string][] };

const Choice = ({ form, name, options }: ChoiceProps) => {
  const id = fieldId(name);
  const error = form.errors[name];
  const drafted = form.draft[name] ?? "";
  return (
    <Field id={id} label={fieldLabels[name] ?? name} error={error}>
      <select id={id} name={name} {...describedBy(id, false, error)}>
        {!options.some(([value]) => value === drafted) && (
          <option value={drafted} selected>
            {drafted}
          </option>
        )}
        {options.map(([value, text]) => (
          <option value={value} selected={value === drafted}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  );
};

/** Symbols are suggested while one is typed; without scripts the field is a plain one. */
export const Ticker = ({ form }: { form: BacktestForm }) => {
  const error = form.errors.ticker;
  const known = form.known;
  const hint = known === null ? "Case counts: BRK.B" : `${formatDate(known.from)} to ${formatDate(known.to)}`;
  return (
    <Field id="bt-ticker" label={fieldLabels.ticker ?? ""} hint={hint} error={error}>
      <input
        id="bt-ticker"
        name="ticker"
        value={form.draft.ticker ?? ""}
        list="bt-tickers"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        hx-get="/backtest/tickers"
        hx-trigger="input changed delay:150ms"
        hx-target="#bt-tickers"
        hx-swap="innerHTML"
        hx-sync="this:replace"
        {...describedBy("bt-ticker", true, error)}
      />
      <datalist id="bt-tickers" />
    </Field>
  );
};

type FoldProps = { form: BacktestForm; id: string; title: string; names: string[]; children: Child };

/** Settings that most runs leave alone: open where one of them is not what it is by itself, or is wrong. */
export const Fold = ({ form, id, title, names, children }: FoldProps) => {
  const isSet = (name: string) => !["", "0", "0%", "false", "long"].includes(form.draft[name] ?? "");
  const set = names.filter(isSet).length;
  const hasError = names.some((name) => form.errors[name] !== undefined);
  return (
    <details class="fold" id={`bt-fold-${id}`} open={set > 0 || hasError}>
      <summary>
        {title} {set > 0 && <span class="note">{set} set</span>}
      </summary>
      <div class="fields">{children}</div>
    </details>
  );
};

export const Money = ({ form }: { form: BacktestForm }) => (
  <div class="fields">
    <Input form={form} name="capital" inputmode="decimal" />
    <Choice
      form={form}
      name="fractional"
      options={[
        ["true", "Fractional"],
        ["false", "Whole only"],
      ]}
    />
    <div class="ticker-only">
      <Choice
        form={form}
        name="sizing"
        options={[
          ["equity", "% of equity"],
          ["shares", "shares"],
          ["cash", "$ of cash"],
        ]}
      />
    </div>
    <Input form={form} name="size" hint="100%, or shares of the day, or $" inputmode="decimal" />
  </div>
);

/** Whom a strategy of the universe chooses from. */
export const Survivorship = ({ form }: { form: BacktestForm }) => (
  <div class="universe-only">
    <Choice
      form={form}
      name="survivorship"
      options={[
        ["point_in_time", "Tickers as they were listed then"],
        ["survivors_only", "Only those that still trade today"],
      ]}
    />
  </div>
);

const costs = ["commission.bps", "commission.perShare", "commission.perOrder", "slippage.bps"];
const stops = ["stopLoss", "takeProfit", "trailingStop"];

/** What orders cost, and what ends a position of one ticker early. */
export const CostsAndStops = ({ form }: { form: BacktestForm }) => (
  <>
    <Fold form={form} id="costs" title="Commission and slippage" names={costs}>
      {costs.map((name) => (
        <Input form={form} name={name} inputmode="decimal" />
      ))}
    </Fold>
    <div class="ticker-only">
      <Fold form={form} id="stops" title="Stops" names={stops}>
        <Input form={form} name="stopLoss" placeholder="none" hint="Below the entry: 5%" />
        <Input form={form} name="takeProfit" placeholder="none" hint="Above the entry: 20%" />
        <Input form={form} name="trailingStop" placeholder="none" hint="Below the best since: 10%" />
      </Fold>
    </div>
  </>
);

/** Whether a strategy of one ticker sells short, and what is done about dividends. */
export const SideAndDividends = ({ form }: { form: BacktestForm }) => (
  <>
    <div class="ticker-only">
      <Choice
        form={form}
        name="side"
        options={[
          ["long", "Long only"],
          ["long_short", "Long and short"],
        ]}
      />
    </div>
    <Choice
      form={form}
      name="dividends"
      options={[
        ["false", "Left out"],
        ["true", "Paid to holders"],
      ]}
    />
  </>
);

const more = ["side", "dividends", "riskFree", "benchmark"];

const Folds = ({ form }: { form: BacktestForm }) => (
  <>
    <CostsAndStops form={form} />
    <Fold form={form} id="more" title="Side, dividends, benchmark" names={more}>
      <SideAndDividends form={form} />
      <Input form={form} name="benchmark" placeholder="none" hint="A ticker: SPY" list="bt-tickers" />
      <Input form={form} name="riskFree" hint="A year: 4%" inputmode="decimal" />
    </Fold>
  </>
);

/** What to test: a plain form whose answer has everything in its address. */
export const BacktestFormView = ({ form }: { form: BacktestForm }) => (
  <form
    id="backtest-form"
    class="backtest-form card"
    method="get"
    action="/backtest#result"
    aria-label="Backtest"
    hx-get="/backtest"
    hx-trigger="submit"
    hx-target="#backtest"
    hx-swap="outerHTML"
    hx-sync="this:replace"
    hx-disable="find button"
  >
    <input type="hidden" name="form" value="1" />
    {form.others.length > 0 && (
      <div class="error-note" role="alert">
        {form.others.map((message) => (
          <p class="message">{message}</p>
        ))}
      </div>
    )}
    <div class="ticker-only">
      <Ticker form={form} />
    </div>
    <div class="fields">
      <Input form={form} name="from" type="date" />
      <Input form={form} name="to" type="date" />
    </div>
    <Strategies form={form} legend="Strategy" takes="number" />
    <Survivorship form={form} />
    <Money form={form} />
    <Folds form={form} />
    <p class="run">
      <button type="submit" class="button primary">
        Run the backtest
      </button>
      <span class="run-status" id="run-status" role="status" />
    </p>
  </form>
);

import { z } from "zod";
import { formatLabel } from "../../../views/format.ts";
import { fieldLabels } from "../../../views/research/backtest-fields.ts";
import type { BacktestForm, ParameterField, StrategyChoice } from "../../../views/research/backtest-view.ts";
import { parseAmount } from "../../market/screener-request.ts";
import { type ListedStrategy, listStrategies } from "../workspace/catalogue.ts";
import { backtestInput } from "./schemas.ts";
import type { Scenario } from "./types.ts";
import { type Problem, percentFields, sizingFields, urlOfRequest } from "./url.ts";

/**
 * The form as a query: the fields of a run's URL, but for what people choose between. The amount of a sizing is `size` whatever
 * its kind, and each strategy's parameters are named after it, as all of them are in the form at once.
 */

/** Says that a query was sent by the form, and is not yet the address of a run. */
export const formMarker = "form";

const sizingField = (kind: string | null) =>
  kind !== null && Object.hasOwn(sizingFields, kind) ? sizingFields[kind as keyof typeof sizingFields] : "fraction";

/** Fields that the form shows for strategies of one scope alone: for those of the other they are hidden, and may be filled. */
const fieldsOf: Record<ListedStrategy["scope"], ReadonlySet<string>> = {
  ticker: new Set(["ticker", "sizing", "side", "stopLoss", "takeProfit", "trailingStop"]),
  universe: new Set(["survivorship"]),
};

/** The query of a run that the form asks for; what was typed for other strategies is left out. */
export function queryOfForm(form: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams();
  const strategies = listStrategies();
  const strategy = strategies.find(({ id }) => id === form.get("strategy"));
  const prefixes = strategies.map(({ id }) => `${id}.`);
  for (const [name, text] of form) {
    const value = text.trim();
    if (value === "" || name === formMarker) continue;
    if (strategy && fieldsOf[strategy.scope === "ticker" ? "universe" : "ticker"].has(name)) continue;
    const prefix = prefixes.find((candidate) => name.startsWith(candidate));
    if (name === "size") query.append(sizingField(strategy?.scope === "universe" ? null : form.get("sizing")), value);
    else if (prefix === undefined) query.append(name, value);
    else if (prefix === `${strategy?.id}.`) query.append(`params.${name.slice(prefix.length)}`, value);
  }
  return query;
}

const defaultsOf = (schema: z.ZodObject) => schema.safeParse({}).data as Record<string, unknown> | undefined;

/** A parameter's name in the form. */
const fieldName = (strategy: Pick<ListedStrategy, "id">, parameter: string) => `${strategy.id}.${parameter}`;

const percentText = (text: string): string => {
  const percent = `${Number((Number(text) * 100).toPrecision(12))}%`;
  // What has more digits stays as it is, to be the same when it is sent again.
  return text !== "" && parseAmount(percent) === Number(text) ? percent : text;
};

/** The strategy that is chosen before anybody chose one. */
const firstStrategy = "momentum";

/** What stands in each field before anybody typed. */
function defaultDraft(): Record<string, string> {
  const known = backtestInput.safeParse({ ticker: "A", strategy: firstStrategy });
  const draft: Record<string, string> = { ticker: "", from: "", to: "", strategy: firstStrategy };
  // Null in a request of one ticker: a form that shows nothing chosen would leave it open which is run.
  draft.survivorship = "point_in_time";
  for (const strategy of listStrategies()) {
    for (const [parameter, value] of Object.entries(defaultsOf(strategy.parameters) ?? {})) {
      draft[fieldName(strategy, parameter)] = String(value);
    }
  }
  const url = known.success ? urlOfRequest({ ...known.data, params: {} } as unknown as Scenario) : "";
  for (const [name, text] of new URLSearchParams(url.split("?")[1])) {
    if (name !== "ticker" && name !== "strategy") setField(draft, name, text, null);
  }
  return draft;
}

const amounts: string[] = Object.values(sizingFields);

/** Puts one parameter of a run's URL where the form has it. */
function setField(draft: Record<string, string>, name: string, text: string, strategy: string | null): void {
  const shown = percentFields.has(name) ? percentText(text) : text;
  if (amounts.includes(name)) draft.size = shown;
  else if (name.startsWith("params.")) draft[`${strategy}.${name.slice("params.".length)}`] = shown;
  else draft[name] = shown;
}

/** The form filled with a run's URL, or with what was typed; where neither says anything, with the defaults. */
export function draftOf(query: URLSearchParams): Record<string, string> {
  const draft = defaultDraft();
  const isTyped = query.has(formMarker);
  // The defaults are those of a share of the equity; another kind of sizing has none.
  if (query.has("sizing") && query.get("sizing") !== "equity") draft.size = "";
  for (const [name, text] of query) {
    if (isTyped) draft[name] = text;
    else setField(draft, name, text, query.get("strategy"));
  }
  return draft;
}

/** The field of the form that a problem stands at. */
function formField(field: string, strategy: string): string {
  if (field === "sizing.kind") return "sizing";
  if (field.startsWith("sizing.") || amounts.includes(field)) return "size";
  return field.startsWith("params.") ? `${strategy}.${field.slice("params.".length)}` : field;
}

/** At its field a problem need not name it: "`capital` has to be …" is "Has to be …". */
function withoutName(message: string): string {
  const rest = message.replace(/^`[^`]*` (?=is required|has to be)/, "");
  return rest === message ? message : rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** A problem of a request in the form's words: what is null there is empty here, a fraction a percentage, a name its label. */
export function problemAtField({ field, message }: Problem): string {
  const words = withoutName(message).replace("null or", "empty or");
  const isPercent = percentFields.has(field.replace(/^sizing\./, ""));
  const inUnits = isPercent ? words.replace(/-?\d+(?:\.\d+)?(?!%)\b/g, (number) => percentText(number)) : words;
  return inUnits
    .replace(/`([a-zA-Z.]+)`/g, (quoted, name: string) => fieldLabels[name] ?? quoted)
    .replace(/\b[a-z]+(?:[A-Z][a-z]*)+\b/g, (name) => formatLabel(name));
}

/** The form as it is shown: what stands in it, and each problem at its field. */
export function toForm(
  draft: Record<string, string>,
  problems: readonly Problem[],
  known: BacktestForm["known"],
): BacktestForm {
  const errors: Record<string, string> = {};
  const others: string[] = [];
  const choices = listStrategies().map((strategy) => toChoice(strategy, draft));
  for (const { field, message } of problems) {
    const name = formField(field, draft.strategy ?? "");
    const isShown =
      Object.hasOwn(fieldLabels, name) || choices.some(({ parameters }) => parameters.some((one) => one.name === name));
    if (!isShown) others.push(message);
    else
      errors[name] = [errors[name], problemAtField({ field, message })].filter((text) => text !== undefined).join(" ");
  }
  return { draft, errors, others, strategies: choices, known };
}

const toChoice = (strategy: ListedStrategy, draft: Record<string, string>): StrategyChoice => ({
  id: strategy.id,
  name: strategy.name,
  description: strategy.description,
  file: strategy.file?.name ?? null,
  problems: strategy.checks.flatMap(({ passed, label }) => (passed ? [] : [label])),
  scope: strategy.scope,
  parameters: parameterFields(strategy, draft),
});

type Described = { type?: string; minimum?: number; maximum?: number; exclusiveMinimum?: number; description?: string };

function parameterFields(strategy: ListedStrategy, draft: Record<string, string>): ParameterField[] {
  const { properties = {} } = z.toJSONSchema(strategy.parameters, { io: "input" });
  return Object.entries(properties).map(([parameter, schema]) => {
    const { type, minimum, maximum, exclusiveMinimum, description = "" } = schema as Described;
    const name = fieldName(strategy, parameter);
    const least = minimum ?? exclusiveMinimum ?? null;
    const range =
      least === null || maximum === undefined ? "" : ` ${least} ${maximum < 1e9 ? `to ${maximum}` : "or more"}.`;
    return {
      name,
      label: formatLabel(parameter).replace(/\brsi\b/i, "RSI"),
      hint: `${description}${range}`,
      value: draft[name] ?? "",
      min: least,
      max: maximum ?? null,
      isWhole: type === "integer",
    };
  });
}

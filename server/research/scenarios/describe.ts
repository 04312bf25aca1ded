import { formatDate, formatInteger, formatPrice, none } from "../../../views/format.ts";
import type { SettingLine } from "../../../views/research/scenario-types.ts";
import type { Scenario } from "../backtests/types.ts";
import { findListed } from "../workspace/catalogue.ts";

/** What a scenario is run on: a ticker, or all of them. */
export const subjectOf = ({ ticker }: Scenario): string => ticker ?? "Universe";

export const strategyNameOf = ({ strategy }: Scenario): string => findListed(strategy)?.name ?? strategy;

/** `shortWindow` as "short window". */
const wordsOf = (name: string) =>
  name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/^rsi\b/, "RSI");

/** The parameters with their names: "short window 20, long window 50". */
const parametersOf = ({ params }: Scenario): string =>
  Object.entries(params)
    .map(([name, value]) => `${wordsOf(name)} ${value}`)
    .join(", ");

/** "Momentum of AAPL", for a heading. */
export const titleOf = (scenario: Scenario): string =>
  `${strategyNameOf(scenario)} of ${scenario.ticker ?? "the universe"}`;

/** 0.05 as "5%": as many decimals as it was typed with. */
const fraction = (value: number) => `${Number((value * 100).toPrecision(12))}%`;
const dollars = (value: number) => `$${Number.isInteger(value) ? formatInteger(value) : formatPrice(value)}`;

function tellSizing({ sizing }: Scenario): string {
  if (sizing.kind === "equity") return `${fraction(sizing.fraction)} of equity`;
  if (sizing.kind === "shares") return `${sizing.shares} shares`;
  return dollars(sizing.cash);
}

function tellCommission({ commission: { bps, perShare, perOrder } }: Scenario): string {
  const parts = [
    bps > 0 && `${bps} bps`,
    perShare > 0 && `$${perShare} a share`,
    perOrder > 0 && `$${perOrder} an order`,
  ].filter((part) => part !== false);
  return parts.length > 0 ? parts.join(" + ") : "none";
}

const tellStop = (stop: number | null) => (stop === null ? "none" : fraction(stop));

const tellUniverse = ({ survivorship }: Scenario) =>
  survivorship === "survivors_only" ? "survivors only" : "point in time";

/** Every setting of a scenario in words, in the order of the form. */
export const settingsInWords = (scenario: Scenario): SettingLine[] => [
  { term: "On", value: subjectOf(scenario) },
  { term: "From", value: formatDate(scenario.from) },
  { term: "To", value: formatDate(scenario.to) },
  { term: "Strategy", value: strategyNameOf(scenario) },
  { term: "Parameters", value: parametersOf(scenario) || "none" },
  { term: "Capital", value: dollars(scenario.capital) },
  { term: "Each entry", value: tellSizing(scenario) },
  { term: "Shares", value: scenario.fractional ? "fractional" : "whole" },
  { term: "Side", value: scenario.side === "long" ? "long only" : "long and short" },
  { term: "Commission", value: tellCommission(scenario) },
  { term: "Slippage", value: scenario.slippage.bps > 0 ? `${scenario.slippage.bps} bps` : "none" },
  { term: "Stop loss", value: tellStop(scenario.stopLoss) },
  { term: "Take profit", value: tellStop(scenario.takeProfit) },
  { term: "Trailing stop", value: tellStop(scenario.trailingStop) },
  { term: "Risk-free rate", value: fraction(scenario.riskFree) },
  { term: "Dividends", value: scenario.dividends ? "paid" : "left out" },
  { term: "Benchmark", value: scenario.benchmark ?? "none" },
  ...(scenario.ticker === null ? [{ term: "Universe", value: tellUniverse(scenario) }] : []),
];

/** The settings in which scenarios differ, a value each. */
export function differencesOf(scenarios: readonly Scenario[]): { term: string; values: string[] }[] {
  const told = scenarios.map(settingsInWords);
  return [...new Set(told.flat().map(({ term }) => term))].flatMap((term) => {
    const values = told.map((lines) => lines.find((line) => line.term === term)?.value ?? none);
    return new Set(values).size > 1 ? [{ term, values }] : [];
  });
}

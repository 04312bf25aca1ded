import type { DueDataAlert, NewCrossing } from "../../db/queries/market/data-alert-checks.ts";
import type { WorkspaceValue } from "../../db/queries/market/read-workspace-columns.ts";
import type { AlertText } from "../../db/queries/operations/alerts.ts";
import { oneLine } from "./conditions.ts";

/** A ticker of which a check can tell. `key` is its security, or its label where none is known. */
export type CheckedTicker = { key: string; ticker: string; values: readonly WorkspaceValue[] };

/**
 * What the published tables say to an alert: who is inside, and who of those that were is outside now. Of whom neither says anything nothing
 * is known, as where a ticker has no bar in the session.
 */
export type DataFinding =
  | { problem: string }
  | {
      problem: null;
      inside: CheckedTicker[];
      outside: CheckedTicker[];
      /** What it looks for, in words: `RSI 14 below 30`. */
      condition: string;
      /** What it looks at of a ticker, in words: `RSI 14 28.4`. */
      figuresOf(ticker: CheckedTicker): string;
      /** Of a screen, its query; null of a ticker. */
      query: string | null;
      /** Path of the page that a message leads to. */
      path: string;
    };

type Found = Extract<DataFinding, { problem: null }>;
type Comparison = { members: string[]; crossings: NewCrossing[] };

/** Whether it is told only where a change is seen. */
const needsBefore = ({ operator }: DueDataAlert) => operator === "crosses_above" || operator === "crosses_below";

/**
 * What has changed since the last check. The first one, and the first of another query, only takes who is inside, unless people wanted to be told
 * of that at once.
 */
export function compareFinding(alert: DueDataAlert, finding: Found): Comparison {
  const { inside, outside, query } = finding;
  const isFirst = alert.members === null || alert.checkedQuery !== query;
  const before = new Set(isFirst ? [] : alert.members);
  const isTold = !isFirst || (alert.members === null && alert.tellsAtOnce && !needsBefore(alert));
  // Who was kept by label, before securities were published, is known by it once.
  const wasInside = ({ key, ticker }: CheckedTicker) => before.has(key) || before.has(ticker);
  const toCrossing = (direction: NewCrossing["direction"]) => (checked: CheckedTicker) => ({
    ...{ direction, key: checked.key, ticker: checked.ticker },
    figures: finding.figuresOf(checked),
  });
  const entered = isTold ? inside.filter((checked) => !wasInside(checked)) : [];
  const left = alert.tellsLeaving ? outside.filter(wasInside) : [];
  const told = new Set([...inside, ...outside].flatMap(({ key, ticker }) => [key, ticker]));
  const stayed = [...before].filter((key) => !told.has(key));
  return {
    members: [...stayed, ...inside.map(({ key }) => key)].sort(),
    crossings: [...entered.map(toCrossing("entered")), ...left.map(toCrossing("left"))],
  };
}

/** More than that nobody reads in a message; the alert's page has all. */
const mostTold = 20;

function listTickers(crossings: readonly NewCrossing[]): string {
  const named = crossings
    .slice(0, mostTold)
    .map(({ ticker, figures }) => (figures === "" ? ticker : `${ticker} (${figures})`));
  const others = crossings.length - named.length;
  return `${named.join(", ")}${others > 0 ? ` and ${others} more` : ""}`;
}

const countTickers = (crossings: readonly NewCrossing[]) =>
  crossings.length === 1 ? (crossings[0]?.ticker ?? "") : `${crossings.length} tickers`;

/** One message for all who crossed in a session. */
export function tellCrossings(
  alert: DueDataAlert,
  { condition, path }: Found,
  { session, crossings }: { session: string; crossings: readonly NewCrossing[] },
): AlertText {
  const base = { key: `data:${alert.id}`, kind: "data", advice: null, path };
  if (alert.ticker !== null) {
    return {
      ...base,
      title: oneLine(`${crossings[0]?.ticker}: ${condition}`, 200),
      message: oneLine(`${crossings[0]?.figures} in the session of ${session}, by the alert “${alert.name}”.`),
    };
  }
  const entered = crossings.filter(({ direction }) => direction === "entered");
  const left = crossings.filter(({ direction }) => direction === "left");
  const deeds = [
    ...(entered.length > 0 ? [`${countTickers(entered)} entered`] : []),
    ...(left.length > 0 ? [`${countTickers(left)} left`] : []),
  ];
  const lists = [
    ...(entered.length > 0 ? [`Entered: ${listTickers(entered)}.`] : []),
    ...(left.length > 0 ? [`Left: ${listTickers(left)}.`] : []),
  ];
  const wanted = condition === "" ? "" : ` It looks for ${condition}.`;
  return {
    ...base,
    title: oneLine(`${deeds.join(" and ")} “${alert.screenName}”`, 200),
    message: oneLine(`In the session of ${session}, by the alert “${alert.name}”. ${lists.join(" ")}${wanted}`),
  };
}

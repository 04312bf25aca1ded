/** How many sessions a bar takes together. */
export type Interval = "day" | "week" | "month";

/** The range buttons, as their query values. */
export const ranges = ["1m", "3m", "6m", "ytd", "1y", "5y", "all"] as const;

type Range = (typeof ranges)[number];

export const intervals: readonly Interval[] = ["day", "week", "month"];

/** What a chart shows unless it is asked for something else. */
export const defaultIndicators: readonly string[] = ["volume", "moving_avg_20d", "moving_avg_50d", "moving_avg_120d"];

/** More lines than these cannot be told apart. */
export const mostCompared = 5;
export const mostIndicators = 12;

/** Everything that a chart's address says: the server and the script draw the same from it. */
export type ChartState = {
  range: Range;
  /** ISO dates, inclusive; null where the range alone says what is shown. */
  zoom: { from: string; to: string } | null;
  isLog: boolean;
  interval: Interval;
  isAdjusted: boolean;
  /** Columns of the catalogue, in the order of their choice. */
  indicators: string[];
  /** Tickers beside the page's own: with any of them all closes are shown rebased to 100. */
  compare: string[];
  /** Which of a label's holders, where it is not the newest. */
  security: string | null;
};

const rangeOf = (text: string | null): Range => ranges.find((range) => range === text) ?? "1y";

const isDate = (text: string | null): text is string =>
  text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));

/** Every value of a list in an address, whether repeated or with commas; each once, without those of `but`. */
function listIn(query: URLSearchParams, name: string, most: number, but: readonly string[]): string[] {
  const values = query.getAll(name).flatMap((text) => text.split(/[\s,]+/));
  const said = values.filter((value) => value !== "" && value.length <= 120 && !but.includes(value));
  return [...new Set(said)].slice(0, most);
}

function zoomIn(query: URLSearchParams): ChartState["zoom"] {
  const [from, to] = [query.get("from"), query.get("to")];
  return isDate(from) && isDate(to) && from <= to ? { from, to } : null;
}

/** What an address asks for; what it says wrongly is as if it were left out. */
export function readChartState(query: URLSearchParams, ticker: string): ChartState {
  const compare = listIn(query, "compare", mostCompared, [ticker]);
  return {
    range: rangeOf(query.get("range")),
    zoom: zoomIn(query),
    isLog: query.get("scale") === "log",
    interval: intervals.find((interval) => interval === query.get("interval")) ?? "day",
    // Across a split as-traded prices have no common measure.
    isAdjusted: compare.length > 0 || query.get("adjusted") !== "false",
    indicators: query.has("indicators")
      ? listIn(query, "indicators", mostIndicators, ["none"])
      : [...defaultIndicators],
    compare,
    security: query.get("security") || null,
  };
}

/** A chart as its address alone shows it, of the same holder. */
export const resetState = ({ security }: ChartState): ChartState => ({
  ...readChartState(new URLSearchParams(), ""),
  security,
});

const isDefault = (indicators: readonly string[]) =>
  indicators.length === defaultIndicators.length && indicators.every((one, at) => one === defaultIndicators[at]);

/** The address's query of a state, without what goes without saying; the part of it that data depends on where asked. */
export function chartQuery(state: ChartState, part: "all" | "data" = "all"): URLSearchParams {
  const query = new URLSearchParams();
  if (part === "all") {
    if (state.range !== "1y") query.set("range", state.range);
    if (state.zoom) {
      query.set("from", state.zoom.from);
      query.set("to", state.zoom.to);
    }
    if (state.isLog) query.set("scale", "log");
    if (state.interval !== "day") query.set("interval", state.interval);
  }
  if (!state.isAdjusted) query.set("adjusted", "false");
  if (!isDefault(state.indicators)) query.set("indicators", state.indicators.join(",") || "none");
  if (state.compare.length > 0) query.set("compare", state.compare.join(","));
  if (state.security !== null) query.set("security", state.security);
  return query;
}

/** The address of a state of the chart at `path`. */
export function chartHref(path: string, state: ChartState): string {
  const query = chartQuery(state);
  // A comma is allowed where it stands, and easier to read than its code.
  return query.size > 0 ? `${path}?${query.toString().replaceAll("%2C", ",")}` : path;
}

/** An ISO date `months` earlier; the last day of a shorter month where the day does not exist in it. */
function monthsBefore(date: string, months: number): string {
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  const lastDay = new Date(Date.UTC(year, month - months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 - months, Math.min(day, lastDay))).toISOString().slice(0, 10);
}

const monthsOf: Record<string, number> = { "1m": 1, "3m": 3, "6m": 6, "1y": 12, "5y": 60 };

/** The first date of a range that ends at `last`. */
export function rangeStart(range: string, last: string): string {
  if (range === "all") return "0001-01-01";
  if (range === "ytd") return `${last.slice(0, 4)}-01-01`;
  return monthsBefore(last, monthsOf[range] ?? 12);
}

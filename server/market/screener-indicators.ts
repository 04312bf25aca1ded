import type { IndicatorColumn } from "../../db/queries/market/read-screen-columns.ts";
import type { Indicator, IndicatorGroup, IndicatorKind } from "../../views/market/indicators.ts";

type Definition = [kind: IndicatorKind, group: IndicatorGroup, label: string, hint: string];

/** How each indicator is told to people. The definitions themselves are the columns' descriptions in the models. */
const definitions: Record<IndicatorColumn, Definition> = {
  close_price: ["price", "Price", "Close", "Last price of the session, split-adjusted"],
  open_price: ["price", "Price", "Open", "First price of the session, split-adjusted"],
  high_price: ["price", "Price", "High", "Highest price of the session, split-adjusted"],
  low_price: ["price", "Price", "Low", "Lowest price of the session, split-adjusted"],
  volume_weighted_average_price: ["price", "Price", "VWAP", "Volume-weighted average price of the session"],
  total_return_close: ["price", "Price", "Total-return close", "Close with every cash dividend reinvested"],
  price_change_1d: ["move", "Returns", "Change", "Close less the close before, dollars"],
  return_1d: ["change", "Returns", "1 day", "Close against the close before"],
  return_5d: ["change", "Returns", "5 days", "Close against the close 5 bars before"],
  return_21d: ["change", "Returns", "21 days", "Close against the close 21 bars before"],
  return_63d: ["change", "Returns", "63 days", "Close against the close 63 bars before"],
  return_252d: ["change", "Returns", "252 days", "Close against the close 252 bars before"],
  moving_avg_20d: ["price", "Averages", "MA 20", "Mean close of the last 20 bars"],
  moving_avg_50d: ["price", "Averages", "MA 50", "Mean close of the last 50 bars"],
  moving_avg_120d: ["price", "Averages", "MA 120", "Mean close of the last 120 bars"],
  moving_avg_200d: ["price", "Averages", "MA 200", "Mean close of the last 200 bars"],
  distance_from_avg_20d: ["change", "Averages", "v MA 20", "Close against its average of 20"],
  distance_from_avg_50d: ["change", "Averages", "v MA 50", "Close against its average of 50"],
  distance_from_avg_120d: ["change", "Averages", "v MA 120", "Close against its average of 120"],
  distance_from_avg_200d: ["change", "Averages", "v MA 200", "Close against its average of 200"],
  volatility_20d: ["percent", "Volatility", "Volatility 20", "Deviation of the last 20 daily returns, a year"],
  volatility_60d: ["percent", "Volatility", "Volatility 60", "Deviation of the last 60 daily returns, a year"],
  daily_price_range: ["price", "Volatility", "Day range", "High less low, dollars"],
  atr_14: ["price", "Volatility", "ATR 14", "Mean true range of the last 14 bars, dollars"],
  bollinger_upper_20d: ["price", "Volatility", "Bollinger upper", "Average of 20 plus two deviations"],
  bollinger_lower_20d: ["price", "Volatility", "Bollinger lower", "Average of 20 less two deviations"],
  rsi_14: ["number", "Momentum", "RSI 14", "Relative strength of 14 bars, rolling means, 0 to 100"],
  high_252d: ["price", "52 weeks", "52-week high", "Highest high of the last 252 bars"],
  low_252d: ["price", "52 weeks", "52-week low", "Lowest low of the last 252 bars"],
  distance_from_high_252d: ["change", "52 weeks", "v 52-week high", "Close against the 52-week high"],
  distance_from_low_252d: ["change", "52 weeks", "v 52-week low", "Close against the 52-week low"],
  drawdown_252d: ["change", "52 weeks", "Drawdown", "Close against the highest close of the last 252 bars"],
  session_high_to_high_252d: [
    "change",
    "52 weeks",
    "High v 52-week",
    "0 where the session made the 52-week high; none before a year of bars",
  ],
  session_low_to_low_252d: [
    "change",
    "52 weeks",
    "Low v 52-week",
    "0 where the session made the 52-week low; none before a year of bars",
  ],
  volume: ["count", "Volume", "Volume", "Shares traded, split-adjusted"],
  avg_volume_20d: ["count", "Volume", "Average volume", "Mean volume of the last 20 bars"],
  volume_ratio_20d: ["ratio", "Volume", "Rel. volume", "Volume over its mean of the last 20 bars"],
  dollar_volume: ["dollars", "Volume", "Dollar volume", "Close times volume"],
  transactions: ["count", "Volume", "Trades", "Number of trades"],
};

/** Every indicator, in the order of their groups: that of the boxes by which columns are chosen. */
export const orderedIndicators = Object.keys(definitions) as readonly IndicatorColumn[];

/** The indicator of a column, as pages show it. */
export function indicatorOf(column: IndicatorColumn): Indicator {
  const [kind, group, label, hint] = definitions[column];
  return { column, kind, group, label, hint };
}

/** What a screen shows unless it is asked for other columns. */
export const defaultColumns: readonly IndicatorColumn[] = [
  "close_price",
  "return_1d",
  "return_21d",
  "return_252d",
  "distance_from_avg_200d",
  "volatility_20d",
  "rsi_14",
  "distance_from_high_252d",
  "volume_ratio_20d",
  "dollar_volume",
];

/** The largest business first: what a reader knows stands at the top. */
export const defaultSort = { column: "dollar_volume", descending: true } as const;

type Preset = { id: string; label: string; query: string; needs: readonly IndicatorColumn[] };

/** Screens that many ask for, as the queries of their URLs. */
export const presets: readonly Preset[] = [
  {
    id: "oversold",
    label: "Oversold",
    query: "rsi_14_max=30&dollar_volume_min=1000000&sort=rsi_14",
    needs: ["rsi_14", "dollar_volume"],
  },
  {
    id: "new-highs",
    label: "New 52-week highs",
    query: "session_high_to_high_252d_min=0&dollar_volume_min=1000000&sort=-return_252d",
    needs: ["session_high_to_high_252d", "dollar_volume", "return_252d"],
  },
  {
    id: "relative-volume",
    label: "High relative volume",
    query: "volume_ratio_20d_min=2&dollar_volume_min=1000000&sort=-volume_ratio_20d",
    needs: ["volume_ratio_20d", "dollar_volume"],
  },
  {
    id: "above-averages",
    label: "Above all averages",
    query:
      "distance_from_avg_20d_min=0&distance_from_avg_50d_min=0&distance_from_avg_120d_min=0&distance_from_avg_200d_min=0&sort=-return_252d",
    needs: ["distance_from_avg_20d", "distance_from_avg_50d", "distance_from_avg_120d", "distance_from_avg_200d"],
  },
];

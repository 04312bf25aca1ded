/** The form's fields, as people read them. */
export const fieldLabels: Record<string, string> = {
  capital: "Capital, $",
  fractional: "Shares",
  sizing: "Each entry takes",
  size: "How much",
  "commission.bps": "Commission, basis points",
  "commission.perShare": "Commission, $ a share",
  "commission.perOrder": "Commission, $ an order",
  "slippage.bps": "Slippage, basis points",
  stopLoss: "Stop loss",
  takeProfit: "Take profit",
  trailingStop: "Trailing stop",
  side: "Side",
  dividends: "Dividends",
  benchmark: "Benchmark",
  riskFree: "Risk-free rate",
  from: "From",
  to: "To",
  ticker: "Ticker",
  strategy: "Strategy",
  survivorship: "Chosen from",
};

/** The id of a field by its name. */
export const fieldId = (name: string) => `bt-${name.replaceAll(".", "-")}`;

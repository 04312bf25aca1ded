/** The rules that every run follows, as people read them: in the API's document, and wherever results are shown. */
export const rules: readonly string[] = [
  "Bars are split-adjusted and only those from `from` to `to` are used, so that a run can be repeated from its own answer: indicators warm up inside the range.",
  "Sessions are those of which the ticker has a bar; days on which it did not trade are passed over.",
  "A signal on the close of a session fills at the next session's open. The last session's signal is never filled.",
  "An indicator that is not warm gives no position.",
  "An entry is sized at its fill and left alone until the strategy's target changes; nothing is rebalanced or added.",
  "Slippage makes every fill worse than the open; prices in trades include it. Commission is charged on entry and on exit.",
  "No entry costs more than the cash there is, commission included: a larger one is cut down to it, and one of nothing is not made but tried again at the next open. A sale's commission is at most what the sale leaves.",
  "A short's size is bounded like a purchase's. It is bought back at the next open once the equity at a close is under 30 % of its value (FINRA rule 4210), and not sold again until the target changes. What a gap takes beyond the capital is shown as negative equity, and nothing is entered after it.",
  "With `dividends`, who held at the close before the ex-dividend date gets the cash on that date, in split-adjusted shares; a short pays it. It is not reinvested before the next entry.",
  "Cash earns nothing, and borrowing shares costs nothing.",
  "An open position is valued at the last close; it counts in the equity, not among the closed trades.",
];

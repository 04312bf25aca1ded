/** The rules that every run of one ticker follows, as people read them: in the API's document, and wherever results are shown. */
export const rules: readonly string[] = [
  "Signals, stops and charts are of split-adjusted bars, and only those from `from` to `to` are used, so that a run can be repeated from its own answer: indicators warm up inside the range.",
  "Sessions are those of which the ticker has a bar; days without one are passed over, however many: what was to be filled on them is filled at the next bar's open. In a session whose volume is 0 no order is filled and no stop is reached, and its close counts as the price.",
  "A signal on the close of a session fills at the next session's open. The last session's signal is never filled.",
  "Orders are of the shares that were traded on their day: commission a share, whole shares and a sizing in shares count those, whatever splits came later. A split changes how many are held. Where parts of shares are traded they are held; otherwise what a split leaves of a whole share is settled in cash at the close before it, without commission or slippage, a short paying for it; where it leaves no whole share, the trade ends there. Trades are told split-adjusted, as charts are, and under `asTraded` in the shares of their days.",
  "An indicator that is not warm gives no position.",
  "An entry is sized at its fill and left alone until the strategy's target changes or a stop is reached; nothing is rebalanced or added.",
  "Slippage makes every fill worse than the price that it is made at, the open or a stop's; prices in trades include it. Commission is charged on entry and on exit.",
  "No entry costs more than the cash there is, commission included: a larger one is cut down to it, and one of nothing is not made but tried again at the next open. Where shares are whole, they are rounded down. A sale's commission is at most what the sale leaves. So cash is never below zero unless something is sold short.",
  "Stops are fractions of the entry price, slippage included: `stopLoss` below it and `takeProfit` above it for who is long, the other way round for who is short. `trailingStop` is a fraction of the highest high since the entry (the lowest low for a short), which is known up to the bar before: it starts at the entry price and never moves back. Dividends move no stop.",
  "Stops hold from the entry's own bar on, whose open comes before its range. In each bar the strategy's orders fill at the open first. Then a stop or a profit that the open has already passed fills at the open, better or worse. Otherwise one within the bar's range fills at its own price; where the range holds both, the stop is taken, as the order within a bar is not known. Of a stop loss and a trailing stop the nearer one is reached first.",
  "After a stop or a margin call, the same direction is not entered again until the strategy has wanted something else at a close. The opposite may be entered at the next open.",
  "A short's size is bounded like a purchase's. It is bought back at the next open once the equity at a close is under 30 % of its value (FINRA rule 4210). What a gap takes beyond the capital is shown as negative equity, and nothing is entered after it.",
  "With `dividends`, who held at the close before the ex-dividend date gets the cash on that date, for the shares of that date: on the day of a split the amount is taken to be of a new share. A short pays it. It is not reinvested before the next entry.",
  "Where the ticker was delisted within the range, what is still held is paid out at its last close, without commission or slippage, as nothing is traded any more.",
  "Cash earns nothing, and borrowing shares costs nothing.",
  "An open position is valued at the last close; it counts in the equity, not among the closed trades.",
];

/** The rules of strategies of the universe, where they are others. */
export const universeRules: readonly string[] = [
  "A strategy of the universe chooses at the close of each month's last session, from the tickers that have a bar in it, whatever became of them later. With `survivorship` `survivors_only` it chooses only from those that were traded in the newest session, which nobody could have known.",
  "It looks back over each ticker's own sessions, also over those before `from`; a ticker with too few of them is not chosen. Minimums of price and of dollars traded are of the session of the choice alone, the price as it was quoted then. A symbol is one ticker, also where two companies had it one after the other.",
  "What was chosen at a close is traded at the next session's open: what is not wanted any more is sold first, then every ticker that is wanted is brought to the same part of the equity at the open, times `fraction`. Where the cash does not pay for all purchases with their costs, all are cut in proportion. In between nothing is traded. The last session's choice is never filled.",
  "A ticker that is not traded in that session is not bought before the next choice; one that is to be sold is sold at its next open.",
  "A ticker that was delisted is paid out at its last close, without commission or slippage; the cash waits for the next choice.",
  "Nothing is sold short, and there are no stops. Slippage, commission, whole shares, dividends and splits are as with one ticker; cash is never below zero.",
  "A trade lasts from a ticker's first purchase until nothing of it is left; its prices are the averages of its purchases and of its sales, what was settled in cash at splits among these, its shares all that were bought, split-adjusted, and its return the profit ÷ all that was paid for them.",
  "Buy and hold, alpha and beta are against every ticker that could have been chosen, in equal parts from choice to choice, without costs or dividends; alpha and beta are over these periods. What it was worth between two choices is not known, so it has no drawdown, no volatility and no ratio made of them.",
];

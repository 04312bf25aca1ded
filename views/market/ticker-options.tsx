/** What a field for a ticker suggests while one is typed. */
export const TickerOptions = ({ tickers }: { tickers: { ticker: string; name: string }[] }) => (
  <>
    {tickers.map(({ ticker, name }) => (
      <option value={ticker}>{name}</option>
    ))}
  </>
);

/** A ticker's page; with a session, that of whoever had the ticker then, in case somebody else has it now. */
export const tickerHref = (ticker: string, session: string | null = null): string =>
  `/tickers/${encodeURIComponent(ticker)}${session === null ? "" : `?${new URLSearchParams({ on: session })}`}`;

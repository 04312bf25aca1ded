import type { TickerQuote, TickerRow } from "../../db/queries/market/read-tickers.ts";
import { Empty, HowToFill, Section, State, TableScroll } from "../components.tsx";
import { formatChange, formatCompact, formatDate, formatInteger, formatPrice, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { tickerHref } from "../ticker-href.ts";
import { Star, StarForm } from "./star.tsx";

type ListedTicker = Pick<TickerRow, "ticker" | "name" | "type" | "active"> & {
  /** Null where no bar of it is published. */
  quote: Omit<TickerQuote, "ticker"> | null;
  /** What whoever had it last is called now, and whether it goes on under another name. */
  newest: string;
  isRenamed: boolean;
  /** Whether it is on the first watchlist. */
  isStarred: boolean;
};

export type TickerList = {
  query: string;
  type: string;
  types: { type: string; count: number }[];
  rows: ListedTicker[];
  matches: number;
  from: number;
  newer: string | null;
  older: string | null;
  /** The page's own address. */
  url: string;
  /** False before the transform has published for the first time. */
  hasMart: boolean;
};

const width = 96;
const height = 24;

/** The path of a line through `values`, scaled to the box. */
function sparkPath(values: number[]): string {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const step = width / Math.max(1, values.length - 1);
  return values
    .map((value, index) => {
      const y = height - 2 - ((value - low) / span) * (height - 4);
      return `${index === 0 ? "M" : "L"}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}

/** A line without axes through some values, in the tone of the change from the first to the last. */
export const Spark = ({ closes }: { closes: number[] }) => {
  const change = (closes.at(-1) ?? 0) - (closes[0] ?? 0);
  return closes.length < 2 ? null : (
    <svg
      class={`spark ${change < 0 ? "down" : "up"}`}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      aria-hidden="true"
    >
      <path d={sparkPath(closes)} />
    </svg>
  );
};

/** The tone of a change; its sign tells the same. */
export const toneOf = (change: number | null | undefined) =>
  change === null || change === undefined || change === 0 ? "" : change > 0 ? "up" : "down";

/** What has become of a symbol that is no longer listed. */
const Gone = ({ row }: { row: ListedTicker }) =>
  row.newest === row.ticker ? (
    <span class="tag">{row.isRenamed ? "renamed" : "delisted"}</span>
  ) : (
    <a class="tag" href={tickerHref(row.newest)}>
      now {row.newest}
    </a>
  );

const Row = ({ row }: { row: ListedTicker }) => (
  <tr>
    <th scope="row">
      <Star ticker={row.ticker} isStarred={row.isStarred} />
      <a class="symbol" href={tickerHref(row.ticker)}>
        {row.ticker}
      </a>
      <small class="name-under">{row.name}</small>
    </th>
    <td class="name">{row.name}</td>
    <td>
      {row.type ?? none}
      {!row.active && <Gone row={row} />}
    </td>
    <td class="number">{formatPrice(row.quote?.close)}</td>
    <td class={`number ${toneOf(row.quote?.return1d)}`}>{formatChange(row.quote?.return1d)}</td>
    <td class="spark-cell">{row.quote && <Spark closes={row.quote.closes} />}</td>
    <td class="number">{row.quote ? formatCompact(row.quote.volume) : none}</td>
    <td class="nowrap">{row.quote ? formatDate(row.quote.date) : none}</td>
    <td class="nowrap">{row.quote ? formatDate(row.quote.firstDate) : none}</td>
  </tr>
);

const Table = ({ list }: { list: TickerList }) => (
  <TableScroll label="Tickers">
    <table class="tickers">
      <thead>
        <tr>
          <th scope="col">Symbol</th>
          <th scope="col">Name</th>
          <th scope="col">Type</th>
          <th scope="col" class="number">
            Close
          </th>
          <th scope="col" class="number">
            1 day
          </th>
          <th scope="col">60 sessions</th>
          <th scope="col" class="number">
            Volume
          </th>
          <th scope="col">Last bar</th>
          <th scope="col">First bar</th>
        </tr>
      </thead>
      <tbody>
        {list.rows.map((row) => (
          <Row row={row} />
        ))}
      </tbody>
    </table>
  </TableScroll>
);

const Nothing = ({ list }: { list: TickerList }) => (
  <Empty>
    {list.query || list.type ? (
      <p>
        No symbol or name holds “{list.query}”{list.type && ` among type ${list.type}`}. <a href="/tickers">Show all</a>
      </p>
    ) : (
      <p>
        No tickers yet: the first ingest run reads the universe. <HowToFill />
      </p>
    )}
  </Empty>
);

/** The tickers found, one page of them. */
export const TickerResults = ({ list }: { list: TickerList }) => (
  <div id="ticker-results">
    <StarForm next={list.url} />
    <p class="note" role="status">
      {list.matches === 0
        ? "Nothing found"
        : `${formatInteger(list.from + 1)} to ${formatInteger(list.from + list.rows.length)} of ${formatInteger(list.matches)}`}
      {!list.hasMart && list.matches > 0 && ". Prices show once the models have been published."}
    </p>
    {list.rows.length === 0 ? <Nothing list={list} /> : <Table list={list} />}
    {(list.newer ?? list.older) && (
      <nav class="pager" aria-label="Pages">
        {list.newer && (
          <a class="button" href={list.newer}>
            ← Previous
          </a>
        )}
        {list.older && (
          <a class="button" href={list.older}>
            Next →
          </a>
        )}
      </nav>
    )}
  </div>
);

const Search = ({ list }: { list: TickerList }) => (
  <search>
    <form
      id="ticker-search"
      class="search"
      method="get"
      action="/tickers"
      hx-get="/tickers"
      hx-trigger="input delay:180ms, change, submit"
      hx-target="#ticker-results"
      hx-swap="outerMorph"
      hx-replace-url="true"
      hx-sync="this:replace"
    >
      <label for="q">Symbol or name</label>
      <input id="q" name="q" type="search" value={list.query} autocomplete="off" spellcheck={false} autofocus />
      <label for="type">Type</label>
      <select id="type" name="type">
        <option value="">All types</option>
        {list.types.map(({ type, count }) => (
          <option value={type} selected={type === list.type}>
            {`${type} (${formatInteger(count)})`}
          </option>
        ))}
      </select>
      <button type="submit" class="button">
        Search
      </button>
    </form>
  </search>
);

/** Search over every symbol and name. */
export const tickersPage = ({ shell, list }: { shell: Shell; list: TickerList }) =>
  toDocument(
    <Page title="Tickers" shell={shell}>
      <header class="page-head">
        <h1>Tickers</h1>
      </header>
      <Search list={list} />
      <TickerResults list={list} />
    </Page>,
  );

type UnknownProps = { shell: Shell; ticker: string; suggestions: { ticker: string; name: string }[] };

/** For a code that no ticker has: those that come near. */
export const unknownTickerPage = ({ shell, ticker, suggestions }: UnknownProps) =>
  toDocument(
    <Page title="Unknown ticker" shell={shell}>
      <header class="page-head">
        <h1>No ticker “{ticker}”</h1>
        <State state="skipped" label="Unknown" />
      </header>
      <p class="lead">Symbols are case-sensitive codes: KIMpL is not KIMPL.</p>
      {suggestions.length > 0 && (
        <Section id="suggestions" title="Did you mean">
          <ul class="suggestions">
            {suggestions.map((suggestion) => (
              <li>
                <a class="symbol" href={tickerHref(suggestion.ticker)}>
                  {suggestion.ticker}
                </a>{" "}
                {suggestion.name}
              </li>
            ))}
          </ul>
        </Section>
      )}
      <p>
        <a class="button" href={`/tickers?q=${encodeURIComponent(ticker)}`}>
          Search for it
        </a>
      </p>
    </Page>,
  );

import type { Mover } from "../../db/queries/market/read-breadth.ts";
import { Empty, Section, TableScroll } from "../components.tsx";
import { formatChange, formatCompact, formatInteger, formatPrice, none } from "../format.ts";
import { tickerHref } from "../ticker-href.ts";
import { toneOf } from "./tickers.tsx";

export type MoversView = {
  /** Kept by the form: the page's range. */
  range: string;
  /** As typed: 1000000 or 1M. */
  minimum: string;
  /** What is wrong with it; null where nothing is. */
  problem: string | null;
  type: string;
  types: { type: string; count: number }[];
  lists: { id: string; title: string; rows: Mover[]; url: string }[];
};

const List = ({ list }: { list: MoversView["lists"][number] }) => (
  <section class="movers-list" aria-labelledby={`movers-${list.id}`}>
    <h3 id={`movers-${list.id}`}>
      {list.title} <a href={list.url}>in the screener</a>
    </h3>
    {list.rows.length === 0 ? (
      <Empty>
        <p>None traded that much.</p>
      </Empty>
    ) : (
      <TableScroll label={list.title}>
        <table class="movers">
          <thead>
            <tr>
              <th scope="col">Symbol</th>
              <th scope="col" class="number">
                1 day
              </th>
              <th scope="col" class="number">
                Close
              </th>
              <th scope="col" class="number" title="Dollar volume">
                Dollars
              </th>
              <th scope="col" class="number" title="Volume over its mean of the last 20 bars">
                Rel.
              </th>
            </tr>
          </thead>
          <tbody>
            {list.rows.map((row) => (
              <tr>
                <th scope="row">
                  <a class="symbol" href={tickerHref(row.ticker)}>
                    {row.ticker}
                  </a>
                  <small title={row.name ?? undefined}>{row.name ?? none}</small>
                </th>
                <td class={`number ${toneOf(row.return1d)}`}>{formatChange(row.return1d)}</td>
                <td class="number">{formatPrice(row.close)}</td>
                <td class="number">{formatCompact(row.dollarVolume)}</td>
                <td class="number">{row.volumeRatio === null ? none : `${row.volumeRatio.toFixed(1)}×`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    )}
  </section>
);

const MoversForm = ({ view }: { view: MoversView }) => (
  <form
    class="movers-form"
    method="get"
    action="/market"
    aria-label="Movers"
    hx-get="/market"
    hx-trigger="change, submit"
    hx-target="#movers-lists"
    hx-swap="outerMorph"
    hx-replace-url="true"
    hx-sync="this:replace"
  >
    <input type="hidden" name="range" value={view.range} />
    <label for="movers-min">Least dollar volume</label>
    <input id="movers-min" name="min" value={view.minimum} autocomplete="off" />
    <label for="movers-type">Type</label>
    <select id="movers-type" name="type">
      <option value="">All types</option>
      {view.types.map(({ type, count }) => (
        <option value={type} selected={type === view.type}>
          {`${type} (${formatInteger(count)})`}
        </option>
      ))}
    </select>
    <button type="submit" class="button">
      Show
    </button>
  </form>
);

/** The lists alone: the part that htmx exchanges. */
export const MoversLists = ({ view }: { view: MoversView }) => (
  <div id="movers-lists">
    {view.problem !== null && (
      <p class="field-error" role="alert">
        {view.problem}
      </p>
    )}
    <div class="movers-lists">
      {view.lists.map((list) => (
        <List list={list} />
      ))}
    </div>
  </div>
);

/** What moved most in the newest session, among what traded enough. */
export const Movers = ({ view }: { view: MoversView }) => (
  <Section id="movers" title="Movers" note="Of the newest session" aside={<MoversForm view={view} />}>
    <MoversLists view={view} />
  </Section>
);

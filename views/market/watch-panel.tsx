import { Section, TableScroll } from "../components.tsx";
import { formatChange, formatCount, formatPrice } from "../format.ts";
import { tickerHref } from "../ticker-href.ts";
import { Spark, toneOf } from "./tickers.tsx";
import type { WatchPanelView } from "./watchlist-types.ts";

/** The first watchlist in short, for the overview. */
export const WatchPanel = ({ panel }: { panel: WatchPanelView }) => (
  <Section id="watch" title="Watchlist" aside={<a href="/watchlists">{panel === null ? "Watchlists" : "Open"}</a>}>
    {panel === null || panel.rows.length === 0 ? (
      <p class="note">
        Nothing is watched yet. A star in the list of <a href="/tickers">tickers</a> puts a ticker here.
      </p>
    ) : (
      <>
        <TableScroll label={panel.name}>
          <table class="watched watch-panel">
            <thead>
              <tr>
                <th scope="col">Symbol</th>
                <th scope="col" class="number">
                  Close
                </th>
                <th scope="col" class="number">
                  1 day
                </th>
                <th scope="col">60 sessions</th>
                <th scope="col">Name</th>
              </tr>
            </thead>
            <tbody>
              {panel.rows.map(({ ticker, name, quote }) => (
                <tr>
                  <th scope="row">
                    <a class="symbol" href={tickerHref(ticker)}>
                      {ticker}
                    </a>
                  </th>
                  <td class="number">{formatPrice(quote?.close)}</td>
                  <td class={`number ${toneOf(quote?.return1d)}`}>{formatChange(quote?.return1d)}</td>
                  <td class="spark-cell">{quote && <Spark closes={quote.closes} />}</td>
                  <td class="name">{name}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
        {panel.more > 0 && (
          <p class="note after">
            And <a href="/watchlists">{formatCount(panel.more, "other")}</a>.
          </p>
        )}
      </>
    )}
  </Section>
);

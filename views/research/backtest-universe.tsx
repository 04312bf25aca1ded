import { Empty, Section, TableScroll } from "../components.tsx";
import { formatCount, formatInteger, formatMove, formatPercent, formatPrice, none } from "../format.ts";
import { toneOf } from "../market/tickers.tsx";
import { tickerHref } from "../ticker-href.ts";
import { formatMetric } from "./backtest-format.ts";
import type { HoldingRow, ResultView, TickerResult, UniverseView } from "./backtest-view.ts";

const TickerLink = ({ ticker, session }: { ticker: string; session: string }) => (
  <a class="symbol" href={tickerHref(ticker, session)}>
    {ticker}
  </a>
);

const dollars = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** By how much survivors alone flatter: in points of a fraction, else in the figure's own unit. */
function inflationOf({ unit, point, survivors }: UniverseView["survivorship"][number]): string {
  if (point === null || survivors === null) return none;
  const more = survivors - point;
  if (unit === "fraction") return `${formatMove(more * 100, 100)} points`;
  return formatMove(more, 100);
}

/** The same rules on everybody there was and on today's survivors, side by side. */
const Survivorship = ({ view }: { view: UniverseView }) => (
  <Section
    id="survivorship"
    title="Survivorship"
    note="The same run on whoever was listed then, and on those alone that still trade today"
  >
    <TableScroll label="Survivorship">
      <table class="run-metrics">
        <thead>
          <tr>
            <th scope="col">Figure</th>
            <th scope="col" class="number">
              As listed then
            </th>
            <th scope="col" class="number">
              Survivors alone
            </th>
            <th scope="col" class="number">
              Inflation
            </th>
          </tr>
        </thead>
        <tbody>
          {view.survivorship.map((row) => (
            <tr>
              <th scope="row">{row.label}</th>
              <td class="number">{formatMetric("totalReturn", row.unit, row.point)}</td>
              <td class="number">{formatMetric("totalReturn", row.unit, row.survivors)}</td>
              <td class="number">{inflationOf(row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  </Section>
);

const holdingsShown = 20;

const HoldingTable = ({ rows }: { rows: HoldingRow[] }) => (
  <table class="run-trades">
    <thead>
      <tr>
        <th scope="col">Ticker</th>
        {["Shares", "Close", "Value, $", "Part"].map((title) => (
          <th scope="col" class="number">
            {title}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>
      {rows.map((row) => (
        <tr>
          <th scope="row">
            <TickerLink ticker={row.ticker} session={row.session} />
          </th>
          <td class="number">{dollars.format(row.shares)}</td>
          <td class="number">{formatPrice(row.price)}</td>
          <td class="number">{dollars.format(row.value)}</td>
          <td class="number">{formatPercent(row.weight)}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

const Holdings = ({ view }: { view: UniverseView }) => {
  const [first, rest] = [view.holdings.slice(0, holdingsShown), view.holdings.slice(holdingsShown)];
  return (
    <Section
      id="holdings"
      title="Held at the end"
      note={`${formatCount(view.holdings.length, "ticker")}, the largest first`}
    >
      {first.length === 0 ? (
        <Empty>
          <p>Nothing is held: all of it is cash.</p>
        </Empty>
      ) : (
        <TableScroll label="Holdings">
          <HoldingTable rows={first} />
        </TableScroll>
      )}
      {rest.length > 0 && (
        <details>
          <summary>{formatCount(rest.length, "more holding")}</summary>
          <TableScroll label="More holdings">
            <HoldingTable rows={rest} />
          </TableScroll>
        </details>
      )}
    </Section>
  );
};

const Results = ({ label, rows }: { label: string; rows: TickerResult[] }) => (
  <TableScroll label={label}>
    <table class="run-trades">
      <thead>
        <tr>
          <th scope="col">{label}</th>
          <th scope="col" class="number">
            Trades
          </th>
          <th scope="col" class="number">
            Profit, $
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ ticker, session, trades, profit }) => (
          <tr>
            <th scope="row">
              <TickerLink ticker={ticker} session={session} />
            </th>
            <td class="number">{formatInteger(trades)}</td>
            <td class={`number ${toneOf(profit)}`}>{formatMove(profit, 100)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

/** What a strategy of the universe holds, what made it, and what it owes to knowing who survives. */
export const Universe = ({ view }: { view: NonNullable<ResultView["universe"]> }) => (
  <>
    <Survivorship view={view} />
    <Holdings view={view} />
    {view.best.length + view.worst.length > 0 && (
      <Section id="tickers" title="Tickers" note="Profit of the closed trades, net of costs">
        <div class="run-figures">
          <Results label="Gained most" rows={view.best} />
          <Results label="Lost most" rows={view.worst} />
        </div>
      </Section>
    )}
  </>
);

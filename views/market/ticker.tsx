import type { BarRow } from "../../db/queries/market/read-bars.ts";
import type { Quarantined } from "../../db/queries/market/read-quarantines.ts";
import type { Restatement } from "../../db/queries/market/read-restatements.ts";
import type { ListedTicker } from "../../db/queries/market/read-universe.ts";
import type { WithdrawnBar } from "../../db/queries/market/read-withdrawn.ts";
import { Empty, Fact, HowToFill, Section, TableScroll } from "../components.tsx";
import {
  formatChange,
  formatCompact,
  formatCount,
  formatDate,
  formatMove,
  formatPercent,
  formatPrice,
  none,
} from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { tickerHref } from "../ticker-href.ts";
import { ChartCard, type ChartView } from "./chart/chart-card.tsx";
import { type CorporateAction, CorporateActions } from "./corporate-actions.tsx";
import { QuarantineTag } from "./quarantine-tag.tsx";
import { Restatements } from "./restatements.tsx";
import { Star, StarForm } from "./star.tsx";
import { type IndicatorGroupView, Indicators, Listing } from "./ticker-indicators.tsx";
import { Names, OtherLabel, RenamedNote, type SecurityStatus, type SecurityView, StatusTag } from "./ticker-names.tsx";
import { toneOf } from "./tickers.tsx";

export type TickerStats = {
  date: string;
  close: number;
  change: number | null;
  return1d: number | null;
  sessions: number;
  firstDate: string;
  /** Of the last 252 bars; null where there are not so many before the last. */
  yearHigh: number | null;
  yearLow: number | null;
  averageVolume: number;
  volatility: number | null;
  ma20: number | null;
  ma50: number | null;
  ma120: number | null;
};

export type TickerView = {
  ticker: string;
  name: string | null;
  type: string | null;
  status: SecurityStatus;
  exchange: string | null;
  delistedOn: string | null;
  /** Null before securities are published. */
  security: SecurityView | null;
  /** Of those that had the label, the one that its address alone finds. */
  isNewest: boolean;
  /** When its bars begin and end; null where the tickers' mart does not know it. */
  listing: ListedTicker | null;
  /** Of its last bar; none where nothing is published. */
  indicators: IndicatorGroupView[];
  /** Null where no bar is published. */
  stats: TickerStats | null;
  chart: ChartView;
  /** The last sessions, newest first. */
  sessions: BarRow[];
  splits: CorporateAction[];
  dividends: CorporateAction[];
  /** Bars that the vendor stated anew, the newest first. */
  restatements: Restatement[];
  withdrawn: WithdrawnBar[];
  /** Why rows of it are not published, by the labels that they came under. */
  quarantined: (Quarantined & { ticker: string })[];
};

const pathOf = ({ ticker }: TickerView) => tickerHref(ticker);

/** What the security is called now: what it did under another name says so. */
const labelOf = ({ security, ticker }: TickerView) => security?.ticker ?? ticker;

const Head = ({ view, isStarred }: { view: TickerView; isStarred: boolean }) => (
  <header class="page-head ticker-head">
    <StarForm next={pathOf(view)} />
    <Star ticker={labelOf(view)} isStarred={isStarred} />
    <h1>
      {view.ticker} {view.name && <small>{view.name}</small>}
    </h1>
    {view.type && <span class="tag">{view.type}</span>}
    {view.exchange && <span class="tag">{view.exchange}</span>}
    <StatusTag status={view.status} delistedOn={view.delistedOn} />
    {view.quarantined.map((held) => (
      <QuarantineTag ticker={held.ticker} quarantined={held} isNamed={held.ticker !== labelOf(view)} />
    ))}
    {view.security && <RenamedNote ticker={view.ticker} security={view.security} />}
    {view.stats && (
      <p class="quote">
        <b>{formatPrice(view.stats.close)}</b>
        <span class={toneOf(view.stats.return1d)}>
          {view.stats.change !== null && `${formatMove(view.stats.change, view.stats.close)} `}(
          {formatChange(view.stats.return1d)})
        </span>
        <span class="note">{formatDate(view.stats.date)}</span>
        {view.isNewest && (
          <a class="button" href={`/backtest?${new URLSearchParams({ ticker: view.ticker })}`}>
            Backtest this ticker
          </a>
        )}
        {view.isNewest && (
          <a class="button alert-me" href={`/alerts/new?${new URLSearchParams({ ticker: labelOf(view) })}`}>
            Alert me…
          </a>
        )}
      </p>
    )}
  </header>
);

const Stats = ({ stats }: { stats: TickerStats }) => (
  <dl class="facts">
    <Fact term="52-week range">
      {stats.yearHigh === null ? none : `${formatPrice(stats.yearLow)} – ${formatPrice(stats.yearHigh)}`}
    </Fact>
    <Fact term="Average volume, 20 sessions">{formatCompact(stats.averageVolume)}</Fact>
    <Fact term="Volatility, 20 sessions a year">{formatPercent(stats.volatility)}</Fact>
    <Fact term="Average of 20">{formatPrice(stats.ma20)}</Fact>
    <Fact term="Average of 50">{formatPrice(stats.ma50)}</Fact>
    <Fact term="Average of 120">{formatPrice(stats.ma120)}</Fact>
    <Fact term="History">
      {formatCount(stats.sessions, "session")}
      <small>since {formatDate(stats.firstDate)}</small>
    </Fact>
  </dl>
);

const SessionTable = ({ view }: { view: TickerView }) => (
  <Section
    id="sessions"
    title="Last sessions"
    note={`${view.chart.state.isAdjusted ? "Adjusted for splits" : "As traded"}; each session leads to where its numbers come from`}
  >
    <TableScroll label={`Last sessions of ${view.ticker}`}>
      <table class="sessions">
        <thead>
          <tr>
            <th scope="col">Session</th>
            {["Open", "High", "Low", "Close", "1 day", "Volume"].map((title) => (
              <th scope="col" class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {view.sessions.map((row) => (
            <tr>
              <th scope="row" class="nowrap">
                <a
                  href={`/quality/lineage?${new URLSearchParams({ ticker: row.ticker, date: row.date })}`}
                  title={`Where the numbers of ${formatDate(row.date)} come from`}
                >
                  {formatDate(row.date)}
                </a>
                <OtherLabel ticker={row.ticker} label={labelOf(view)} />
              </th>
              <td class="number">{formatPrice(row.open)}</td>
              <td class="number">{formatPrice(row.high)}</td>
              <td class="number">{formatPrice(row.low)}</td>
              <td class="number">{formatPrice(row.close)}</td>
              <td class={`number ${toneOf(row.return1d)}`}>{formatChange(row.return1d)}</td>
              <td class="number">{formatCompact(row.volume)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  </Section>
);

type TickerProps = { shell: Shell; view: TickerView; isStarred: boolean };

/** One ticker: its chart, its figures, its last sessions. */
export const tickerPage = ({ shell, view, isStarred }: TickerProps) =>
  toDocument(
    <Page title={view.name ? `${view.ticker}, ${view.name}` : view.ticker} shell={shell} hasChart={view.stats !== null}>
      <Head view={view} isStarred={isStarred} />
      {view.stats === null ? (
        <Empty>
          <p>
            No bar of {view.ticker} is published yet. A ticker outside <code>UNIVERSE</code> is never fetched.{" "}
            <HowToFill />
          </p>
        </Empty>
      ) : (
        <>
          <ChartCard path={pathOf(view)} view={view.chart} />
          <Stats stats={view.stats} />
          <div class="split narrow">
            <div>
              {view.indicators.length > 0 && <Indicators groups={view.indicators} date={view.stats.date} />}
              <SessionTable view={view} />
            </div>
            <div class="rail">
              {view.security && <Names ticker={view.ticker} security={view.security} />}
              {view.listing && <Listing listing={view.listing} />}
              <CorporateActions id="splits" title="Splits" label={labelOf(view)} actions={view.splits} />
              <CorporateActions id="dividends" title="Dividends" label={labelOf(view)} actions={view.dividends} />
              <Restatements label={labelOf(view)} restatements={view.restatements} withdrawn={view.withdrawn} />
            </div>
          </div>
        </>
      )}
    </Page>,
  );

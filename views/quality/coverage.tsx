import { raw } from "hono/html";
import { Empty, Fact, Section, TableScroll } from "../components.tsx";
import { formatCount, formatDate, formatInteger, formatSession, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { tickerHref } from "../ticker-href.ts";
import type { CoverageView, CoveredSession, TickerCoverage } from "./lineage-types.ts";

const width = 1040;
const height = 140;

const isGap = ({ state }: CoveredSession) => !["published", "upcoming", "closed"].includes(state);

const describe = ({ date, tickers, reason }: CoveredSession) =>
  [formatSession(date), tickers === null ? null : formatCount(tickers, "ticker"), reason].filter(Boolean).join(": ");

const escapeTitle = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** A bar a session, as high as it has tickers; what has none is marked at the foot. */
const CoverageSvg = ({ sessions }: { sessions: CoveredSession[] }) => {
  const most = Math.max(1, ...sessions.map(({ tickers }) => tickers ?? 0));
  const step = width / Math.max(1, sessions.length);
  const yOf = (tickers: number) => height - (tickers / most) * (height - 12);
  // Raw, as a year's 260 bars take ten times as long as elements: numbers, a closed list of classes, and escaped titles.
  const bars = sessions.map((session, index) => {
    const { tickers, state } = session;
    const x = (index * step + step * 0.12).toFixed(2);
    const top = tickers === null ? height - 5 : yOf(tickers);
    const name =
      state === "unwanted"
        ? "unwanted"
        : isGap(session)
          ? "gap"
          : state === "closed"
            ? "closed"
            : session.reason
              ? "thin"
              : "full";
    if (state === "upcoming" || (tickers === null && name === "full")) return "";
    const shape = `x="${x}" y="${top.toFixed(1)}" width="${(step * 0.76).toFixed(2)}" height="${(height - top).toFixed(1)}"`;
    return `<rect class="${name}" ${shape}><title>${escapeTitle(describe(session))}</title></rect>`;
  });
  const line = sessions.flatMap(({ median }, index) =>
    median === null ? [] : [`${(index * step + step / 2).toFixed(1)} ${yOf(median).toFixed(1)}`],
  );
  const gaps = sessions.filter((session) => isGap(session) && session.state !== "unwanted").length;
  return (
    <figure class="coverage-chart">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Tickers by session, at the most ${formatInteger(most)}; ${formatCount(gaps, "session")} wanted and not published. The tables below have each.`}
      >
        {raw(bars.join(""))}
        {line.length > 1 && <path class="median" d={`M${line.join("L")}`} />}
      </svg>
      <figcaption class="note chart-key">
        <span>
          <i class="full" /> published
        </span>
        <span>
          <i class="thin" /> published, with fewer tickers than usual
        </span>
        <span>
          <i class="gap" /> not published
        </span>
        <span>
          <i class="unwanted" /> not wanted
        </span>
        <span>
          <i class="closed" /> holiday
        </span>
        <span>
          <i class="median" /> median of the 21 sessions before; the highest bar is {formatCount(most, "ticker")}
        </span>
      </figcaption>
    </figure>
  );
};

const escapeText = (text: string) => escapeTitle(text).replaceAll(">", "&gt;");

/** One row of a table. As text, like the bars above: reasons are escaped, runs are numbers. */
function sessionRow({ date, tickers, median, reason, state, runId }: CoveredSession): string {
  const count = (value: number | null) => `<td class="number">${value === null ? none : formatInteger(value)}</td>`;
  const run = runId === null ? "" : `, <a href="/runs/${Number(runId)}">run ${Number(runId)}</a>`;
  const head = `<th scope="row" class="nowrap">${formatSession(date)}</th>`;
  return `<tr>${head}${count(tickers)}${count(median)}<td>${escapeText(reason ?? state)}${run}</td></tr>`;
}

const SessionTable = ({ label, sessions }: { label: string; sessions: CoveredSession[] }) => (
  <TableScroll label={label}>
    <table>
      <thead>
        <tr>
          <th scope="col">Session</th>
          <th scope="col" class="number">
            Tickers
          </th>
          <th scope="col" class="number">
            Median before
          </th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>{raw(sessions.map(sessionRow).join(""))}</tbody>
    </table>
  </TableScroll>
);

const reversed = (sessions: CoveredSession[]) => [...sessions].reverse();

const Gaps = ({ view }: { view: CoverageView }) => {
  const said = view.sessions.filter(({ reason }) => reason !== null);
  const gaps = said.filter(({ state }) => state !== "closed");
  const unwanted = gaps.filter(({ state }) => state === "unwanted");
  const shown = gaps.filter(({ state }) => state !== "unwanted");
  const [first, last] = [unwanted[0], unwanted.at(-1)];
  return (
    <Section id="gaps" title="Gaps" note="Sessions of the year that lack something, and why">
      {first && last && (
        <p class="note">
          {formatCount(unwanted.length, "session")} from {formatDate(first.date)} to {formatDate(last.date)}:{" "}
          {first.reason}. <a href="/backfills/new">A backfill</a> can fetch them.
        </p>
      )}
      {shown.length > 0 ? (
        <SessionTable label="Gaps" sessions={reversed(shown)} />
      ) : (
        <p class="note">No other gap: every settled session that is wanted is published.</p>
      )}
      <details id="all-sessions">
        <summary>All {formatInteger(view.sessions.length)} weekdays of the year, holidays too</summary>
        <SessionTable label="All weekdays" sessions={reversed(view.sessions)} />
      </details>
    </Section>
  );
};

const gapHref = (coverage: TickerCoverage, { date, refused }: TickerCoverage["gaps"][number]) =>
  refused
    ? `/quality/rejects?${new URLSearchParams({ ticker: coverage.ticker, session: date })}`
    : `/quality/lineage?${new URLSearchParams({ ticker: coverage.ticker, date })}`;

const TickerGaps = ({ coverage }: { coverage: TickerCoverage }) => (
  <>
    <dl class="facts">
      <Fact term="First bar">
        {coverage.firstBar ? formatDate(coverage.firstBar) : none}
        <small>before it: not listed, or not fetched</small>
      </Fact>
      <Fact term="Last bar">{coverage.lastBar ? formatDate(coverage.lastBar) : none}</Fact>
      {coverage.delistedOn && <Fact term="Delisted">{formatDate(coverage.delistedOn)}</Fact>}
      <Fact term="Sessions with a bar">
        {formatInteger(coverage.bars)} of {formatInteger(Math.max(coverage.expected, coverage.bars))}
      </Fact>
    </dl>
    {coverage.gaps.length === 0 ? (
      <p class="note">It has a bar at every session from its first on.</p>
    ) : (
      <TableScroll label={`Sessions without a bar of ${coverage.ticker}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Session without a bar</th>
              <th scope="col">Why</th>
              <th scope="col">Look</th>
            </tr>
          </thead>
          <tbody>
            {coverage.gaps.map((gap) => (
              <tr>
                <th scope="row" class="nowrap">
                  {formatSession(gap.date)}
                </th>
                <td>{gap.reason}</td>
                <td class="nowrap">
                  <a href={gapHref(coverage, gap)}>{gap.refused ? "the refused row" : "the way"}</a>
                  {gap.runId !== null && (
                    <>
                      , <a href={`/runs/${gap.runId}`}>run {gap.runId}</a>
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    )}
    {coverage.moreGaps > 0 && <p class="note">And {formatInteger(coverage.moreGaps)} earlier ones.</p>}
  </>
);

const Ticker = ({ view }: { view: CoverageView }) => (
  <Section id="ticker" title="One ticker" note="Sessions that it lacks, from its first bar on">
    <form class="quality-filter" action="/quality/coverage#ticker" aria-label="One ticker">
      <input type="hidden" name="year" value={String(view.year)} />
      <div class="field">
        <label for="coverage-ticker">Ticker</label>
        <input id="coverage-ticker" name="ticker" value={view.asked} autocomplete="off" spellcheck={false} />
      </div>
      <button type="submit" class="button">
        Look
      </button>
      {view.ticker && <a href={tickerHref(view.ticker.ticker)}>{view.ticker.ticker}’s chart</a>}
    </form>
    {view.ticker && <TickerGaps coverage={view.ticker} />}
    {view.asked !== "" && view.ticker === null && (
      <Empty>
        <p>Nobody knows the ticker “{view.asked}”. Case matters.</p>
      </Empty>
    )}
  </Section>
);

/** Which sessions are there with how many tickers, and of one ticker which are not. */
export const coveragePage = ({ shell, view }: { shell: Shell; view: CoverageView }) =>
  toDocument(
    <Page title={`Coverage ${view.year}`} shell={shell}>
      <header class="page-head">
        <h1>Coverage</h1>
      </header>
      <Section
        id="year"
        title={String(view.year)}
        note={`${formatInteger(view.published)} of ${formatCount(view.settled, "settled session")} published; tickers are ${view.countedBy}`}
        aside={
          view.years.length > 1 && (
            <nav class="filter" aria-label="Year">
              {view.years.map((year) => (
                <a href={`/quality/coverage?year=${year}`} aria-current={year === view.year ? "true" : undefined}>
                  {year}
                </a>
              ))}
            </nav>
          )
        }
      >
        <CoverageSvg sessions={view.sessions} />
      </Section>
      {view.asked !== "" && <Ticker view={view} />}
      <Gaps view={view} />
      {view.asked === "" && <Ticker view={view} />}
    </Page>,
  );

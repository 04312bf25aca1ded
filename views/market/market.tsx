import type { BreadthRow } from "../../db/queries/market/read-breadth.ts";
import { Empty, Fact, HowToFill, Section, TableScroll } from "../components.tsx";
import { FileLinks } from "../file-links.tsx";
import {
  formatChange,
  formatCompact,
  formatDate,
  formatInteger,
  formatPercent,
  formatSession,
  none,
} from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import type { BreadthData, BreadthFigure } from "./breadth-data.ts";
import { breadthFigures } from "./breadth-data.ts";
import { BreadthSvg } from "./breadth-svg.tsx";
import { Movers, type MoversView } from "./market-movers.tsx";
import { Sectors, type SectorsView } from "./market-sectors.tsx";
import { toneOf } from "./tickers.tsx";

export type MarketView = {
  /** One of the ranges. */
  range: string;
  ranges: { range: string; label: string; url: string }[];
  last: BreadthRow;
  data: BreadthData;
  /** The last sessions of the range, newest first. */
  sessions: BreadthRow[];
  jsonUrl: string;
  csvUrl: string;
  apiUrl: string;
  movers: MoversView;
  /** Null where no model of the people's own knows sectors. */
  sectors: SectorsView | null;
};

/** A number of tickers, where it is known. */
const countText = (count: number | null) => (count === null ? none : formatInteger(count));

const Today = ({ last }: { last: BreadthRow }) => (
  <dl class="facts strong">
    <Fact term="Advancing">
      <span class="up">{formatInteger(last.advancing)}</span>
    </Fact>
    <Fact term="Declining">
      <span class="down">{formatInteger(last.declining)}</span>
    </Fact>
    <Fact term="Unchanged">{formatInteger(last.unchanged)}</Fact>
    <Fact term="Median return">
      <span class={toneOf(last.medianReturn)}>{formatChange(last.medianReturn)}</span>
    </Fact>
    <Fact term="Above average of 50">{formatPercent(last.above50)}</Fact>
    <Fact term="Above average of 200">{formatPercent(last.above200)}</Fact>
    <Fact term="New highs, lows">
      {countText(last.newHighs)}, {countText(last.newLows)}
    </Fact>
    <Fact term="Dollar volume">{formatCompact(last.dollarVolume)}</Fact>
  </dl>
);

const Figure = ({ figure, view }: { figure: BreadthFigure; view: MarketView }) => (
  <figure class="chart-card breadth" aria-labelledby={`breadth-${figure.id}`}>
    <figcaption>
      <h3 id={`breadth-${figure.id}`}>{figure.title}</h3>
      <ul class="legend figure-legend">
        {figure.series.map(({ label, tone, key }, index) => (
          <li>
            {figure.shape === "lines" && (
              <span class={`stroke ${tone} ${index > 0 ? "dashed" : ""}`} aria-hidden="true" />
            )}
            {label} <output data-series={key} />
          </li>
        ))}
      </ul>
    </figcaption>
    <div class="chart breadth-chart" data-figure={figure.id}>
      <BreadthSvg figure={figure} data={view.data} />
    </div>
  </figure>
);

const Sessions = ({ view }: { view: MarketView }) => (
  <Section
    id="breadth-sessions"
    title="Last sessions"
    note="Of the range shown"
    aside={
      <span class="screen-exports">
        <FileLinks csv={view.csvUrl} label="Export CSV" />
        <a href={view.apiUrl}>JSON</a>
      </span>
    }
  >
    <TableScroll label="Breadth of the last sessions">
      <table class="screen-table">
        <thead>
          <tr>
            <th scope="col">Session</th>
            {[
              "Tickers",
              "Advancing",
              "Declining",
              "Unchanged",
              "Median return",
              "Above MA 50",
              "Above MA 200",
              "New highs",
              "New lows",
              "Dollar volume",
            ].map((title) => (
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
                <a href={`/screener?date=${row.date}`}>{formatDate(row.date)}</a>
              </th>
              <td class="number">{formatInteger(row.tickers)}</td>
              <td class="number">{formatInteger(row.advancing)}</td>
              <td class="number">{formatInteger(row.declining)}</td>
              <td class="number">{formatInteger(row.unchanged)}</td>
              <td class={`number ${toneOf(row.medianReturn)}`}>{formatChange(row.medianReturn)}</td>
              <td class="number">{formatPercent(row.above50)}</td>
              <td class="number">{formatPercent(row.above200)}</td>
              <td class="number">{countText(row.newHighs)}</td>
              <td class="number">{countText(row.newLows)}</td>
              <td class="number">{formatCompact(row.dollarVolume)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  </Section>
);

const Breadth = ({ view }: { view: MarketView }) => (
  <Section
    id="breadth"
    title="Breadth"
    note={<span id="breadth-date">{formatSession(view.data.date.at(-1) ?? view.last.date)}</span>}
    aside={
      <nav class="filter" aria-label="Range">
        {view.ranges.map(({ range, label, url }) => (
          <a href={url} aria-current={range === view.range ? "true" : undefined}>
            {label}
          </a>
        ))}
      </nav>
    }
  >
    <div id="breadth-figures" class="breadth-figures" data-source={view.jsonUrl}>
      {breadthFigures.map((figure) => (
        <Figure figure={figure} view={view} />
      ))}
    </div>
    <p class="note keys" hidden id="breadth-keys">
      Drag to zoom, double click to reset; in a figure, arrow keys move the cursor, + and − zoom.
    </p>
  </Section>
);

/** The whole market: its newest session, its breadth over time, and what moved. `view` null before it is published. */
export const marketPage = ({ shell, view }: { shell: Shell; view: MarketView | null }) =>
  toDocument(
    <Page title="Market" shell={shell} hasPlot={view !== null} scripts={view ? [shell.assets.market] : []}>
      <header class="page-head">
        <h1>Market</h1>
        {view && <span class="note">{formatSession(view.last.date)}</span>}
      </header>
      {view ? (
        <>
          <Today last={view.last} />
          <Breadth view={view} />
          {view.sectors && <Sectors view={view.sectors} />}
          <Movers view={view.movers} />
          <Sessions view={view} />
        </>
      ) : (
        <Empty>
          <p>
            The market's breadth is not published yet. The transform publishes it once a session is loaded and its tests
            have passed. <HowToFill />
          </p>
        </Empty>
      )}
    </Page>,
  );

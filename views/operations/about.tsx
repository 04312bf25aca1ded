import type { Child } from "hono/jsx";
import { Empty, Fact, Instant, Section, TableScroll } from "../components.tsx";
import { formatDuration, formatInteger, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { Connect, type ConnectView } from "./connect.tsx";
import { PublishedLogins, type PublishedLoginsView } from "./published-logins.tsx";

export type AboutProps = {
  shell: Shell;
  isSimulated: boolean;
  /** Host of the market API. */
  source: string;
  callsPerMinute: number | null;
  universe: string;
  startDate: string;
  lake: string;
  database: string;
  /** A command that opens the database; null where only its owner knows the URL. */
  psql: string | null;
  datasets: string[];
  connect: ConnectView;
  /** Null for who may not let anybody in. */
  logins: PublishedLoginsView | null;
  models: {
    name: string;
    materialization: string;
    rows: number | null;
    durationMs: number;
    finishedAt: Date;
  }[];
};

const tables: [string, Child][] = [
  [
    "public.fct_polygon__stock_bars_performance",
    "What charts and pages read: one row a ticker and session, split-adjusted, with returns, moving averages and volatility. Published only after its tests passed.",
  ],
  [
    "public.source_polygon_stock_bars_daily",
    "Bars as the vendor last stated them, unadjusted, keyed by (ticker, trade_date).",
  ],
  [
    "public.dim_securities, public.dim_ticker_periods",
    "Each security with its newest ticker and what became of it; which security had which ticker from when to when.",
  ],
  ["public.source_polygon_tickers", "The universe: name, type, whether it trades, where it is listed."],
  ["public.source_polygon_splits", "Stock splits, by the day that they take effect."],
  ["public.source_polygon_dividends", "Cash dividends, by the day the share trades without them."],
  ["barline.runs, barline.tasks, barline.dataset_events", "What the pipeline did, and when."],
  ["barline.rejects", "Rows that failed a check, with the reason and where the raw answer lies."],
];

const Source = (props: AboutProps) => (
  <Section id="source" title="Where the data comes from">
    <p class="lead">
      {props.isSimulated
        ? "The demo exchange, a simulated market inside this process. Names, prices, splits and dividends are made up; they follow no real company. Set POLYGON_API_KEY to fetch the real market."
        : "The Polygon.io (now Massive.com) REST API: end-of-day bars of US stocks, the list of tickers, splits and dividends."}
    </p>
    <dl class="facts">
      <Fact term="API">
        <code class="break">{props.source}</code>
      </Fact>
      <Fact term="Rate limit">
        {props.callsPerMinute === null ? "none set" : `${formatInteger(props.callsPerMinute)} calls a minute`}
      </Fact>
      <Fact term="Universe">{props.universe}</Fact>
      <Fact term="From">{props.startDate}</Fact>
      <Fact term="Raw answers">
        <code class="break">{props.lake}</code>
      </Fact>
      <Fact term="Database">{props.database}</Fact>
    </dl>
  </Section>
);

const Caveats = () => (
  <Section id="caveats" title="What to know before relying on it">
    <ul class="prose">
      <li>
        A session is fetched once it has settled, five hours after the regular close, and checked again later, as
        vendors correct and take back. A recheck by backfill does so for any range.
      </li>
      <li>
        Prices are adjusted for splits, not for dividends. Past bars change in the models when a new split takes effect.
      </li>
      <li>Volume may be fractional. A bar’s volume-weighted price may be missing where the vendor has none.</li>
      <li>
        A ticker is a label, which companies change and others use again; what is traded is a security. Averages,
        returns and splits run along the security, over its renames, and tickers of the past are those of then. Known
        by: its FIGI, else its company and type, else the ticker itself.
      </li>
      <li>
        Delisted is what the vendor lists as such. Who goes on under another name is renamed, and who is in no list at
        all is unlisted: nobody knows what became of it.
      </li>
      <li>
        Market data belongs to the exchanges and the vendor. Your plan’s terms say whether you may show or pass it on;
        Barline stores it for your own use and grants no licence to it.
      </li>
    </ul>
  </Section>
);

const Models = ({ models }: { models: AboutProps["models"] }) => (
  <Section id="models" title="Models" note="Of the last transform that published">
    {models.length === 0 ? (
      <Empty>
        <p>None yet: the transform runs after the first load.</p>
      </Empty>
    ) : (
      <TableScroll label="Models">
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col">Kind</th>
              <th scope="col" class="number">
                Rows
              </th>
              <th scope="col" class="number">
                Took
              </th>
              <th scope="col">Built</th>
            </tr>
          </thead>
          <tbody>
            {models.map((model) => (
              <tr>
                <th scope="row">
                  <code>{model.name}</code>
                </th>
                <td>{model.materialization}</td>
                <td class="number">{model.rows === null ? none : formatInteger(model.rows)}</td>
                <td class="number">{formatDuration(model.durationMs)}</td>
                <td>
                  <Instant at={model.finishedAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    )}
  </Section>
);

const Access = (props: AboutProps) => (
  <Section id="access" title="Your own queries">
    <p>
      The warehouse is PostgreSQL: point psql or a BI tool at it.
      {props.psql === null && " Its URL is what DATABASE_URL was set to."}
    </p>
    {props.psql && (
      <pre tabindex={0}>
        <code>{props.psql}</code>
      </pre>
    )}
    <dl class="tables">
      {tables.map(([name, meaning]) => (
        <div>
          <dt>
            <code class="break">{name}</code>
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
    <p>
      Scripts: <a href="/api/openapi.json">/api/openapi.json</a> describes the JSON API. Datasets that runs wait for and
      record:{" "}
      {props.datasets.map((dataset, index) => (
        <>
          {index > 0 && ", "}
          <code class="break">{dataset}</code>
        </>
      ))}
      .
    </p>
  </Section>
);

/** Where the data comes from, what it is worth, and how to reach it. */
export const aboutPage = (props: AboutProps) =>
  toDocument(
    <Page title="About" shell={props.shell}>
      <header class="page-head">
        <h1>About the data</h1>
      </header>
      <Source {...props} />
      <Connect view={props.connect} />
      {props.logins && <PublishedLogins view={props.logins} />}
      <Access {...props} />
      <Models models={props.models} />
      <Caveats />
    </Page>,
  );

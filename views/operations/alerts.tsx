import type { AlertRow, DeliveryRow } from "../../db/queries/operations/read-alerts.ts";
import { Ago, Empty, Instant, Pager, Section, State, TableScroll } from "../components.tsx";
import { formatCount, formatElapsed } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import { DataAlerts } from "../market/data-alert-list.tsx";
import type { DataAlertList } from "../market/data-alert-types.ts";
import type { Shell } from "../shell.ts";
import { Channels, type ChannelView } from "./alert-channels.tsx";
import { Deliveries } from "./alert-deliveries.tsx";

export type AlertView = AlertRow & { deliveries: DeliveryRow[] };

export type AlertsView = {
  now: Date;
  open: AlertView[];
  /** What people want to be told of the data. */
  data: DataAlertList;
  history: AlertView[];
  channels: ChannelView[];
  older: number | null;
  isFirstPage: boolean;
  staleAfterHours: number;
  /** Whether links in messages lead anywhere. */
  hasPublicUrl: boolean;
  /** Why what somebody asked for was not done. */
  refusal: string | null;
  url: string;
};

/** "/runs/12#tests" as "Run 12"; everything else is on the overview. */
const linkLabel = (path: string) => {
  const run = /^\/runs\/(\d+)/.exec(path)?.[1];
  return run === undefined ? "See the overview" : `See run ${run}`;
};

const OpenAlert = ({ alert, now }: { alert: AlertView; now: Date }) => (
  <li class="alert">
    <h3>
      <State state="failed" label={alert.title} />
    </h3>
    <p class="alert-since">
      since <Instant at={alert.openedAt} />, <Ago at={alert.openedAt} now={now} /> ·{" "}
      <a href={alert.path}>{linkLabel(alert.path)}</a>
    </p>
    <div class="error-note">
      <p class="message">{alert.message}</p>
      {alert.advice && <p class="advice">{alert.advice}</p>}
    </div>
    <Deliveries deliveries={alert.deliveries} now={now} />
  </li>
);

const Open = ({ view }: { view: AlertsView }) => (
  <Section id="open" title="Open" note="What needs somebody now; each goes by itself once it is mended">
    {view.open.length === 0 ? (
      <Empty>
        <p>
          No problem stands. A failed run, a failed data test or stale data shows here, with what to do about it,
          whether a channel is configured or not.
        </p>
      </Empty>
    ) : (
      <ul class="alerts">
        {view.open.map((alert) => (
          <OpenAlert alert={alert} now={view.now} />
        ))}
      </ul>
    )}
  </Section>
);

const HistoryRow = ({ alert, now }: { alert: AlertView; now: Date }) => (
  <tr>
    <td class="nowrap">
      <Instant at={alert.openedAt} />
    </td>
    <td class="nowrap">
      <Instant at={alert.resolvedAt} />
      <small class="lasted">after {formatElapsed(alert.openedAt, alert.resolvedAt, now)}</small>
    </td>
    <td class="outcome">
      <a href={alert.path}>{alert.title}</a>
      <p>{alert.message}</p>
    </td>
    <td>
      <Deliveries deliveries={alert.deliveries} now={now} />
    </td>
  </tr>
);

const History = ({ view }: { view: AlertsView }) => (
  <Section id="history" title="History" note="Problems that are over, the newest first">
    {view.history.length === 0 ? (
      <Empty>
        <p>{view.isFirstPage ? "No problem has been over yet." : "There is nothing older."}</p>
      </Empty>
    ) : (
      <TableScroll label="History">
        <table>
          <thead>
            <tr>
              <th scope="col">Opened</th>
              <th scope="col">Recovered</th>
              <th scope="col">Problem</th>
              <th scope="col">Told</th>
            </tr>
          </thead>
          <tbody>
            {view.history.map((alert) => (
              <HistoryRow alert={alert} now={view.now} />
            ))}
          </tbody>
        </table>
      </TableScroll>
    )}
    <Pager
      newer={view.isFirstPage ? null : "/alerts#history"}
      older={view.older === null ? null : `/alerts?before=${view.older}#history`}
    />
  </Section>
);

const Rules = ({ view }: { view: AlertsView }) => (
  <Section id="rules" title="What is told, and when">
    <ul class="alert-rules">
      <li>
        <b>Failed run</b>: one alert a job, by its newest failed run, until each was retried, marked or made good.
      </li>
      <li>
        <b>Failed data test</b>: one alert a test of severity error; nothing of its run was published.
      </li>
      <li>
        <b>Stale data</b>: a session is not published {formatCount(view.staleAfterHours, "hour")} after it settled. Not
        while a catch-up or backfill comes forward; where a job is paused, after a day.
      </li>
      <li>
        <b>On data</b>: a ticker is told once a session, by the newest one published. The first check of an alert only
        takes what stands.
      </li>
      <li>
        <b>Recovered</b>: told to those who were told of the problem.
      </li>
      <li>
        A problem that comes back within 30 minutes is told again an hour after it was last told, if it still stands.
        What cannot be delivered is tried again for some 12 hours.
      </li>
    </ul>
  </Section>
);

/** Everything about alerts; refreshes itself. */
export const AlertsLive = ({ view }: { view: AlertsView }) => (
  <div id="alerts-live" hx-get={view.url} hx-trigger="every 10s" hx-swap="outerMorph">
    <header class="page-head">
      <h1>Alerts</h1>
      {view.open.length > 0 ? (
        <State state="failed" label={`${view.open.length} open`} />
      ) : (
        <State state="success" label="None open" />
      )}
    </header>
    {view.refusal !== null && (
      <p class="banner inline" role="alert">
        {view.refusal}
      </p>
    )}
    <Open view={view} />
    <DataAlerts list={view.data} />
    <Channels channels={view.channels} now={view.now} hasPublicUrl={view.hasPublicUrl} />
    <History view={view} />
    <Rules view={view} />
  </div>
);

/** What needs somebody, who is told of it, and what was. */
export const alertsPage = ({ shell, view }: { shell: Shell; view: AlertsView }) =>
  toDocument(
    <Page title="Alerts" shell={shell}>
      <AlertsLive view={view} />
    </Page>,
  );

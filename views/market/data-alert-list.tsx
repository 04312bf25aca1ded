import { Empty, Instant, Section, State, TableScroll } from "../components.tsx";
import { formatCount, formatDate } from "../format.ts";
import type { DataAlertList, DataAlertView } from "./data-alert-types.ts";
import { Act } from "./saved-screens.tsx";

/** How an alert on data stands, in words. */
export const AlertStanding = ({ alert }: { alert: DataAlertView }) => {
  if (alert.paused) return <State state="paused" />;
  if (alert.problem !== null) return <State state="warn" label="Cannot tell" />;
  if (alert.inside === null) return <State state="waiting" label="Not checked yet" />;
  if (alert.isScreen) return <State state="success" label={`${formatCount(alert.inside, "ticker")} inside`} />;
  return <State state={alert.inside > 0 ? "success" : "idle"} label={alert.inside > 0 ? "So now" : "Not so now"} />;
};

const Row = ({ alert }: { alert: DataAlertView }) => (
  <tr>
    <th scope="row">
      <a class="break" href={`/alerts/data/${alert.id}`}>
        {alert.name}
      </a>
    </th>
    <td>
      <AlertStanding alert={alert} />
      {alert.problem !== null && !alert.paused && <p class="note">{alert.problem}</p>}
    </td>
    <td class="outcome">
      {alert.subject && (
        <>
          <a href={alert.subject.href}>{alert.subject.label}</a>
          {": "}
        </>
      )}
      {alert.condition === "" ? "every ticker" : alert.condition}
    </td>
    <td class="nowrap">
      <Instant at={alert.checkedAt} />
      {alert.checkedSession && <small class="block">session {formatDate(alert.checkedSession)}</small>}
    </td>
    <td>
      {alert.last === null ? (
        <span class="note">nothing yet</span>
      ) : (
        <>
          {alert.last.text}
          <small class="block">{formatDate(alert.last.session)}</small>
        </>
      )}
    </td>
    <td>
      <div class="row-actions">
        <Act
          action={`/alerts/data/${alert.id}/${alert.paused ? "resume" : "pause"}`}
          label={alert.paused ? "Go on" : "Pause"}
          about={alert.name}
        />
        <Act action={`/alerts/data/${alert.id}/delete`} label="Delete" about={alert.name} />
      </div>
    </td>
  </tr>
);

const Table = ({ alerts }: { alerts: DataAlertView[] }) => (
  <TableScroll label="Alerts on data">
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">State</th>
          <th scope="col">Waits for</th>
          <th scope="col">Checked</th>
          <th scope="col">Told last</th>
          <th scope="col">
            <span class="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {alerts.map((alert) => (
          <Row alert={alert} />
        ))}
      </tbody>
    </table>
  </TableScroll>
);

/** What people want to be told of the data. */
export const DataAlerts = ({ list }: { list: DataAlertList }) => (
  <Section
    id="data"
    title="On data"
    note="Checked at each publication"
    aside={
      <a class="button small" href="/alerts/new">
        New alert
      </a>
    }
  >
    {list.undo && (
      <div class="undo" role="status">
        <p class="break">“{list.undo.name}” was deleted.</p>
        <Act action={`/alerts/data/${list.undo.id}/restore`} label="Undo" about="" class="button" />
      </div>
    )}
    {list.alerts.length === 0 ? (
      <Empty>
        <p>
          Nobody waits for anything. Be told when a ticker's price or any other figure crosses a value, or when tickers
          enter a saved screen: <a href="/alerts/new">make an alert</a>, or choose “Alert me” on a ticker's page or in
          the <a href="/screener">screener</a>.
        </p>
      </Empty>
    ) : (
      <Table alerts={list.alerts} />
    )}
    {list.deleted.length > 0 && (
      <details class="deleted-alerts">
        <summary>Recently deleted</summary>
        <ul class="deleted-scenarios">
          {list.deleted.map(({ id, name, deletedAt, goneAt }) => (
            <li>
              <span class="break">{name}</span>
              <span class="note">
                deleted <Instant at={deletedAt} />, gone for good after <Instant at={goneAt} />
              </span>
              <Act action={`/alerts/data/${id}/restore`} label="Restore" about={name} class="button" />
            </li>
          ))}
        </ul>
      </details>
    )}
  </Section>
);

import { describedBy, Empty, Fact, Field, Instant, Pager, Section, TableScroll } from "../components.tsx";
import { formatDate } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { tickerHref } from "../ticker-href.ts";
import { ConditionFields, ScreenAlertForm, TellFields, TickerAlertForm } from "./data-alert-form.tsx";
import { AlertStanding } from "./data-alert-list.tsx";
import type { DataAlertForm, DataAlertPage } from "./data-alert-types.ts";
import { Act } from "./saved-screens.tsx";

/** Asks what somebody wants to be told of the data; of one of both where it is known which. */
export const newDataAlertPage = (props: { shell: Shell; form: DataAlertForm; only: "ticker" | "screen" | null }) => {
  const { shell, form, only } = props;
  return toDocument(
    <Page title="New data alert" shell={shell}>
      <header class="page-head">
        <h1>New data alert</h1>
        <a class="button" href="/alerts#data">
          All alerts
        </a>
      </header>
      <div class="alert-forms">
        {only !== "screen" && <TickerAlertForm form={{ ...form, draft: { ...form.draft, kind: "ticker" } }} />}
        {only !== "ticker" && <ScreenAlertForm form={{ ...form, draft: { ...form.draft, kind: "screen" } }} />}
      </div>
    </Page>,
  );
};

const Facts = ({ alert }: { alert: DataAlertPage["alert"] }) => (
  <dl class="facts">
    <Fact term={alert.isScreen ? "Screen" : "Ticker"}>
      {alert.subject === null ? "gone" : <a href={alert.subject.href}>{alert.subject.label}</a>}
    </Fact>
    <Fact term="Waits for">
      {alert.condition === "" ? "every ticker" : alert.condition}
      {alert.tellsLeaving && ", entered or left"}
    </Fact>
    <Fact term="State">
      <AlertStanding alert={alert} />
    </Fact>
    <Fact term="Checked">
      <Instant at={alert.checkedAt} />
      {alert.checkedSession && `, session ${formatDate(alert.checkedSession)}`}
    </Fact>
    <Fact term="Made">
      <Instant at={alert.createdAt} /> by {alert.createdBy}
    </Fact>
  </dl>
);

const Edit = ({ page }: { page: DataAlertPage }) => {
  const { alert, form } = page;
  return (
    <details class="alert-edit" id="edit" open={Object.keys(form.errors).length > 0}>
      <summary class="button">Edit</summary>
      <form class="card form" method="post" action={`/alerts/data/${alert.id}`} novalidate>
        {form.errors.form && (
          <p class="field-error" role="alert">
            {form.errors.form}
          </p>
        )}
        <Field id="edit-name" label="Name" error={form.errors.name}>
          <input
            id="edit-name"
            name="name"
            value={form.draft.name}
            maxlength={200}
            autocomplete="off"
            {...describedBy("edit-name", false, form.errors.name)}
          />
        </Field>
        {!alert.isScreen && <ConditionFields form={form} id="edit" />}
        <TellFields form={form} id="edit" />
        <p class="hint">With another condition it begins anew: the next check takes what stands.</p>
        <div>
          <button type="submit" class="button primary">
            Keep
          </button>
        </div>
      </form>
    </details>
  );
};

const History = ({ page }: { page: DataAlertPage }) => (
  <Section id="history" title="Crossings" note="What it told, the newest first">
    {page.crossings.length === 0 ? (
      <Empty>
        <p>{page.isFirstPage ? "Nothing has crossed since it was made." : "There is nothing older."}</p>
      </Empty>
    ) : (
      <TableScroll label="Crossings">
        <table>
          <thead>
            <tr>
              <th scope="col">Ticker</th>
              <th scope="col">Session</th>
              {page.alert.isScreen && <th scope="col">What</th>}
              <th scope="col">Figures</th>
              <th scope="col">Told</th>
            </tr>
          </thead>
          <tbody>
            {page.crossings.map((crossing) => (
              <tr>
                <th scope="row">
                  <a class="symbol" href={tickerHref(crossing.ticker, crossing.session)}>
                    {crossing.ticker}
                  </a>
                </th>
                <td class="nowrap">{formatDate(crossing.session)}</td>
                {page.alert.isScreen && <td>{crossing.direction}</td>}
                <td class="text">{crossing.figures}</td>
                <td class="nowrap">
                  <Instant at={crossing.at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    )}
    <Pager
      newer={page.isFirstPage ? null : `/alerts/data/${page.alert.id}#history`}
      older={page.older === null ? null : `/alerts/data/${page.alert.id}?before=${page.older}#history`}
    />
  </Section>
);

/** One alert on data: how it stands, what it told, and what can be done with it. */
export const dataAlertPage = ({ shell, page }: { shell: Shell; page: DataAlertPage }) => {
  const { alert } = page;
  return toDocument(
    <Page title={alert.name} shell={shell}>
      <header class="page-head">
        <h1 class="break">{alert.name}</h1>
        <a class="button" href="/alerts#data">
          All alerts
        </a>
      </header>
      {alert.problem !== null && (
        <div class="error-note" role="status">
          <p class="message">{alert.problem}</p>
          <p class="advice">Nothing is told until a check can tell again. What stood before is kept.</p>
        </div>
      )}
      {!page.hasChannels && (
        <p class="note">
          No channel is configured: crossings are kept here, and nobody is told. <a href="/alerts#channels">Channels</a>
        </p>
      )}
      <Facts alert={alert} />
      <div class="scenario-actions">
        <Edit page={page} />
        <Act
          action={`/alerts/data/${alert.id}/${alert.paused ? "resume" : "pause"}`}
          label={alert.paused ? "Go on" : "Pause"}
          about=""
          class="button"
        />
        <Act action={`/alerts/data/${alert.id}/delete`} label="Delete" about="" class="button danger" />
      </div>
      <History page={page} />
    </Page>,
  );
};

import type { ActionRow } from "../../db/queries/operations/read-actions.ts";
import { Ago, Confirm, Empty, Instant, Pager, Section } from "../components.tsx";
import { formatLabel } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { ActionList } from "./actions.tsx";

export type ActivityView = {
  now: Date;
  actions: ActionRow[];
  filter: {
    kind: string | null;
    actor: string | null;
    jobId: string | null;
    runId: number | null;
    backfillId: number | null;
  };
  isFiltered: boolean;
  /** What can be filtered by. */
  things: string[];
  people: string[];
  jobs: { id: string; title: string }[];
  newest: string | null;
  older: string | null;
  /** Null where no password is set, and nobody signs in. */
  signedIn: { name: string; address: string | null; createdAt: Date; expiresAt: Date; isOwn: boolean }[] | null;
};

const thingNames: Record<string, string> = {
  access: "Signing in",
  alert: "Alerts",
  backfill: "Backfills",
  job: "Jobs",
  login: "Logins of the database",
  run: "Runs",
  task: "Tasks",
  token: "API tokens",
};

type Option = { value: string; label: string };

/** A choice of what to show; what was asked for is offered, even where nothing is found of it. */
const Choice = (props: { id: string; label: string; all: string; chosen: string | null; options: Option[] }) => {
  const { chosen, options } = props;
  const isKnown = chosen === null || options.some(({ value }) => value === chosen);
  return (
    <p>
      <label for={props.id}>{props.label}</label>
      <select id={props.id} name={props.id}>
        <option value="">{props.all}</option>
        {[...options, ...(isKnown ? [] : [{ value: chosen, label: chosen }])].map(({ value, label }) => (
          <option value={value} selected={value === chosen}>
            {label}
          </option>
        ))}
      </select>
    </p>
  );
};

const Filters = ({ activity: { filter, ...activity } }: { activity: ActivityView }) => (
  <form method="get" action="/activity" class="choices" aria-label="Which actions to show">
    <Choice
      id="kind"
      label="What"
      all="Everything"
      chosen={filter.kind}
      options={activity.things.map((value) => ({ value, label: thingNames[value] ?? formatLabel(value) }))}
    />
    <Choice
      id="person"
      label="Who"
      all="Everybody"
      chosen={filter.actor}
      options={activity.people.map((value) => ({ value, label: value }))}
    />
    <Choice
      id="job"
      label="Job"
      all="All jobs"
      chosen={filter.jobId}
      options={activity.jobs.map(({ id, title }) => ({ value: id, label: title }))}
    />
    {filter.runId !== null && <input type="hidden" name="run" value={String(filter.runId)} />}
    {filter.backfillId !== null && <input type="hidden" name="backfill" value={String(filter.backfillId)} />}
    <button type="submit" class="button">
      Show
    </button>
    {activity.isFiltered && <a href="/activity">Show everything</a>}
  </form>
);

/** A list that is about one run or backfill says so. */
const About = ({ filter: { runId, backfillId } }: ActivityView) =>
  runId !== null ? (
    <>
      Of <a href={`/runs/${runId}`}>run {runId}</a>
    </>
  ) : backfillId !== null ? (
    <>
      Of <a href={`/backfills/${backfillId}`}>backfill {backfillId}</a>
    </>
  ) : (
    <>The newest first</>
  );

const Actions = ({ activity }: { activity: ActivityView }) => (
  <Section id="actions" title="Who did what" note={<About {...activity} />}>
    <Filters activity={activity} />
    {activity.actions.length === 0 ? (
      <Empty>
        <p>
          {activity.isFiltered || activity.newest
            ? "Nothing like that was done."
            : "Nobody has done anything yet. What people queue, retry, mark, pause or cancel is kept here, with their reasons."}
        </p>
      </Empty>
    ) : (
      <ActionList
        actions={activity.actions}
        titles={Object.fromEntries(activity.jobs.map(({ id, title }) => [id, title]))}
      />
    )}
    <Pager newer={activity.newest} older={activity.older} />
  </Section>
);

const SignedIn = ({ activity: { signedIn, now } }: { activity: ActivityView }) => (
  <Section id="signed-in" title="Signed in">
    {signedIn === null ? (
      <Empty>
        <p>
          No password is set: whoever uses this machine is the local user. Set <code>ADMIN_PASSWORD</code> to have
          people sign in.
        </p>
      </Empty>
    ) : signedIn.length === 0 ? (
      <Empty>
        <p>Nobody has a session. Scripts that send the password as a token need none.</p>
      </Empty>
    ) : (
      <>
        <ul class="people" aria-label="Signed in">
          {signedIn.map((person) => (
            <li>
              <p>
                <b>{person.name}</b> {person.isOwn && <span class="tag">this browser</span>}
              </p>
              <p class="note">
                <Ago at={person.createdAt} now={now} />
                {person.address !== null && ` from ${person.address}`}, until <Instant at={person.expiresAt} />
              </p>
            </li>
          ))}
        </ul>
        <Confirm
          id="sign-out-everywhere"
          summary="Sign out everywhere…"
          question="Everybody is signed out in every browser, you too. Scripts go on: to stop those, change the password."
          action="/activity/sign-out-everywhere"
          button="Sign everybody out"
        />
      </>
    )}
  </Section>
);

/** Who did what and when, and who is signed in. */
export const activityPage = ({ shell, activity }: { shell: Shell; activity: ActivityView }) =>
  toDocument(
    <Page title="Activity" shell={shell}>
      <header class="page-head">
        <h1>Activity</h1>
      </header>
      <div class="split">
        <div>
          <Actions activity={activity} />
        </div>
        <div>
          <SignedIn activity={activity} />
        </div>
      </div>
    </Page>,
  );

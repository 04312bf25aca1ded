import type { PublishedLoginRow } from "../../db/queries/operations/published-logins.ts";
import { Ago, Confirm, describedBy, Empty, Fact, Field, Instant, Section, TableScroll } from "../components.tsx";

/** What a form of any program asks for. */
type MadeLoginView = {
  name: string;
  role: string;
  password: string;
  url: string;
  host: string;
  port: number;
  database: string;
  statements: string[];
};

export type PublishedLoginsView = {
  now: Date;
  logins: (PublishedLoginRow & { isThere: boolean })[];
  /** The login that was just made: it is shown this once. */
  made: MadeLoginView | null;
  draft: string;
  error: string | null;
};

const Made = ({ made }: { made: MadeLoginView }) => (
  <div class="made-token" role="status">
    {made.statements.length === 0 ? (
      <p>
        <b>{made.name}</b> is made. Copy the password now, as it is not shown again.
      </p>
    ) : (
      <>
        <p>
          <b>{made.name}</b> is not made yet, as Barline may not make roles in this database. Have somebody who may run
          this there once, and copy the password now, as it is not shown again:
        </p>
        <pre tabindex={0}>
          <code>{made.statements.join("\n")}</code>
        </pre>
      </>
    )}
    <code class="token">{made.url}</code>
    <dl class="facts">
      <Fact term="Host">
        <code>{made.host}</code>
      </Fact>
      <Fact term="Port">
        <code>{made.port}</code>
      </Fact>
      <Fact term="Database">
        <code>{made.database}</code>
      </Fact>
      <Fact term="User">
        <code class="break">{made.role}</code>
      </Fact>
      <Fact term="Password">
        <code class="break">{made.password}</code>
      </Fact>
    </dl>
  </div>
);

const LoginLine = ({ login, now }: { login: PublishedLoginsView["logins"][number]; now: Date }) => (
  <tr id={`login-${login.id}`}>
    <th scope="row">
      {login.name}
      {!login.isThere && <span class="tag">not in this database</span>}
    </th>
    <td>
      <code>{login.role}</code>
    </td>
    <td class="nowrap">
      {login.createdBy}, <Instant at={login.createdAt} />
    </td>
    <td class="nowrap">{login.lastSeenAt === null ? "never" : <Ago at={login.lastSeenAt} now={now} />}</td>
    <td class="revoke">
      <Confirm
        id={`revoke-login-${login.id}`}
        summary="Revoke"
        question={`Programs that sign in as ${login.role} are cut off, and let in no more.`}
        action={`/about/logins/${login.id}/revoke`}
        button="Revoke it for good"
      />
    </td>
  </tr>
);

const LoginTable = ({ view }: { view: PublishedLoginsView }) => (
  <TableScroll label="Logins of the database">
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">User</th>
          <th scope="col">Made by</th>
          <th scope="col">Last seen</th>
          <th scope="col">
            <span class="visually-hidden">Revoke</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {view.logins.map((login) => (
          <LoginLine login={login} now={view.now} />
        ))}
      </tbody>
    </table>
  </TableScroll>
);

/** Logins of the database for other programs: made, looked at and revoked here. */
export const PublishedLogins = ({ view }: { view: PublishedLoginsView }) => (
  <Section id="logins" title="Logins of the database" note="They read what is published, and nothing else">
    {view.made && <Made made={view.made} />}
    {view.logins.length === 0 ? (
      <Empty>
        <p>None. Make one for each program, so that each can be told apart and shut out alone.</p>
      </Empty>
    ) : (
      <LoginTable view={view} />
    )}
    <form method="post" action="/about/logins" class="new-token">
      <Field id="login-name" label="Name" error={view.error ?? undefined}>
        <input
          id="login-name"
          name="name"
          type="text"
          maxlength={60}
          required
          autocomplete="off"
          placeholder="Metabase"
          value={view.draft}
          {...describedBy("login-name", false, view.error ?? undefined)}
        />
      </Field>
      <button type="submit" class="button">
        Make a login
      </button>
    </form>
    <p class="note">
      A login has ten connections, 50 seconds for a statement and 20 for a transaction that waits, so that no reader
      holds up what is published next. It is in no backup.
    </p>
  </Section>
);

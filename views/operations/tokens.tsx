import type { ApiTokenRow } from "../../db/queries/operations/api-tokens.ts";
import { Ago, Confirm, describedBy, Empty, Field, Instant, Section, TableScroll } from "../components.tsx";

export type TokensView = {
  now: Date;
  tokens: ApiTokenRow[];
  /** Whether who looks may make and revoke them. */
  mayChange: boolean;
  /** The token that was just made: it is shown this once. */
  made: { name: string; token: string } | null;
  draft: { name: string; scope: string };
  errors: { name?: string; scope?: string; form?: string };
};

const Made = ({ made }: { made: NonNullable<TokensView["made"]> }) => (
  <div class="made-token" role="status">
    <p>
      <b>{made.name}</b> is made. Copy the token now, as it is not shown again; programs send it as{" "}
      <code>Authorization: Bearer</code>.
    </p>
    <code class="token">{made.token}</code>
  </div>
);

const scopeWords: Record<ApiTokenRow["scope"], string> = { read: "Read", operate: "Operate" };

const TokenLine = ({ token, view }: { token: ApiTokenRow; view: TokensView }) => (
  <tr id={`token-${token.id}`}>
    <th scope="row">{token.name}</th>
    <td>{scopeWords[token.scope]}</td>
    <td class="nowrap">
      {token.createdBy}, <Instant at={token.createdAt} />
    </td>
    <td class="nowrap">{token.lastUsedAt === null ? "never" : <Ago at={token.lastUsedAt} now={view.now} />}</td>
    {view.mayChange && (
      <td class="revoke">
        <Confirm
          id={`revoke-${token.id}`}
          summary="Revoke"
          question={`Programs that send ${token.name} are let in no more.`}
          action={`/system/tokens/${token.id}/revoke`}
          button="Revoke it for good"
        />
      </td>
    )}
  </tr>
);

const TokenTable = ({ view }: { view: TokensView }) => (
  <TableScroll label="API tokens">
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Scope</th>
          <th scope="col">Made by</th>
          <th scope="col">Last used</th>
          {view.mayChange && (
            <th scope="col">
              <span class="visually-hidden">Revoke</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {view.tokens.map((token) => (
          <TokenLine token={token} view={view} />
        ))}
      </tbody>
    </table>
  </TableScroll>
);

const scopes = [
  { value: "read", label: "Read: sees everything" },
  { value: "operate", label: "Operate: changes everything but who is let in" },
];

const TokenForm = ({ view: { draft, errors } }: { view: TokensView }) => (
  <form method="post" action="/system/tokens" class="new-token">
    <Field id="token-name" label="Name" error={errors.name ?? errors.form}>
      <input
        id="token-name"
        name="name"
        type="text"
        maxlength={60}
        required
        autocomplete="off"
        placeholder="nightly notebook"
        value={draft.name}
        {...describedBy("token-name", false, errors.name ?? errors.form)}
      />
    </Field>
    <Field id="token-scope" label="Scope" error={errors.scope}>
      <select id="token-scope" name="scope" {...describedBy("token-scope", false, errors.scope)}>
        {scopes.map(({ value, label }) => (
          <option value={value} selected={value === draft.scope}>
            {label}
          </option>
        ))}
      </select>
    </Field>
    <button type="submit" class="button">
      Make a token
    </button>
  </form>
);

/** The tokens by which programs are let in: made, looked at and revoked here. */
export const Tokens = ({ view }: { view: TokensView }) => (
  <Section id="tokens" title="API tokens" note="For programs; each by a name, which is kept with what it does">
    {view.made && <Made made={view.made} />}
    {view.tokens.length === 0 ? (
      <Empty>
        <p>None. A program may send the password too, but cannot be told apart then, or shut out alone.</p>
      </Empty>
    ) : (
      <TokenTable view={view} />
    )}
    {view.mayChange && <TokenForm view={view} />}
  </Section>
);

import { Section } from "../components.tsx";
import { formatDate } from "../format.ts";
import { tickerHref } from "../ticker-href.ts";

export type SecurityStatus = "listed" | "delisted" | "renamed" | "unlisted";

/** A label, and the sessions of bars under it; nulls where there is none. */
type NameView = { ticker: string; firstSession: string | null; lastSession: string | null };

/** Who else has, or had, the label of the page. */
type HolderView = NameView & { securityId: string; name: string | null; status: SecurityStatus };

/** The security that the page is about: its newest label, all of them, oldest first, and who shared the page's label with it. */
export type SecurityView = { securityId: string; ticker: string; names: NameView[]; others: HolderView[] };

const statusWords: Record<SecurityStatus, string> = {
  listed: "listed",
  delisted: "delisted",
  renamed: "renamed",
  unlisted: "in no list of the vendor",
};

/** What has become of the label; nothing where it is listed. */
export const StatusTag = ({ status, delistedOn }: { status: SecurityStatus; delistedOn: string | null }) => {
  if (status === "listed") return null;
  const since = status === "delisted" && delistedOn ? ` on ${formatDate(delistedOn)}` : "";
  return (
    <span class="tag">
      {statusWords[status]}
      {since}
    </span>
  );
};

/** Names the ticker that something came under, where that is not what its security is called now. */
export const OtherLabel = ({ ticker, label }: { ticker: string; label: string }) =>
  ticker === label ? null : <small class="note"> as {ticker}</small>;

/** Under an old label: what it is now. */
export const RenamedNote = ({ ticker, security }: { ticker: string; security: SecurityView }) =>
  security.ticker === ticker ? null : (
    <p class="note" id="renamed">
      {ticker} is an earlier name of <a href={tickerHref(security.ticker)}>{security.ticker}</a>: this is the history of
      both.
    </p>
  );

const Sessions = ({ name }: { name: NameView }) =>
  name.firstSession === null || name.lastSession === null ? (
    <span class="note">no bars</span>
  ) : (
    <span>
      {formatDate(name.firstSession)} – {formatDate(name.lastSession)}
    </span>
  );

/** Names of before the first bar, which one below another would fill the page. */
const WithoutBars = ({ names }: { names: NameView[] }) => {
  const unseen = names.filter(({ firstSession }) => firstSession === null);
  return unseen.length === 0 ? null : <p class="note">Without bars: {unseen.map(({ ticker }) => ticker).join(", ")}</p>;
};

/** The labels that the security had, where it had others; and the other holders of the page's. */
export const Names = ({ ticker, security }: { ticker: string; security: SecurityView }) => (
  <>
    {security.names.length > 1 && (
      <Section id="names" title="Earlier names">
        <ul class="actions-list">
          {security.names
            .filter(({ firstSession }) => firstSession !== null)
            .toReversed()
            .map((name) => (
              <li>
                <Sessions name={name} /> <b>{name.ticker}</b>
              </li>
            ))}
        </ul>
        <WithoutBars names={security.names} />
      </Section>
    )}
    {security.others.length > 0 && (
      <Section id="holders" title={`Also called ${ticker}`} note="Other securities that have, or had, this symbol">
        <ul class="actions-list">
          {security.others.map((holder) => (
            <li>
              <Sessions name={holder} />
              <span>
                <a href={`${tickerHref(ticker)}?${new URLSearchParams({ security: holder.securityId })}`}>
                  {holder.name ?? ticker}
                </a>
                , {statusWords[holder.status]}
              </span>
            </li>
          ))}
        </ul>
      </Section>
    )}
  </>
);

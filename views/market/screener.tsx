import { Empty, HowToFill, TableScroll } from "../components.tsx";
import { FileLinks } from "../file-links.tsx";
import { formatCount, formatDate, formatInteger, formatSession, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { tickerHref } from "../ticker-href.ts";
import { formatIndicator, type IndicatorKind, isSigned } from "./indicators.ts";
import { QuarantineTag } from "./quarantine-tag.tsx";
import type { ScreenDesk } from "./saved-screen-types.ts";
import { ScreenForm } from "./screener-form.tsx";
import { ScreenLink, Survivorship } from "./screener-parts.tsx";
import type { ScreenView, SortHeader } from "./screener-types.ts";
import { Star, StarForm } from "./star.tsx";
import { toneOf } from "./tickers.tsx";

const Header = ({ header }: { header: SortHeader }) => (
  <th scope="col" class={header.isNumber ? "number" : undefined} aria-sort={header.sorted ?? undefined}>
    <ScreenLink url={header.url} id={`sort-${header.key}`} {...(header.hint !== null && { title: header.hint })}>
      {header.label}
      <span class="direction" aria-hidden="true">
        {header.sorted === null ? "" : header.sorted === "ascending" ? " ▲" : " ▼"}
      </span>
    </ScreenLink>
  </th>
);

const Value = ({
  kind,
  value,
}: {
  kind: IndicatorKind;
  value: ScreenView["rows"][number]["values"][number] | undefined;
}) => {
  const isText = kind === "text" || kind === "boolean";
  return (
    <td class={isText ? "text" : `number ${isSigned(kind) && typeof value === "number" ? toneOf(value) : ""}`}>
      {formatIndicator(kind, value)}
    </td>
  );
};

type RowProps = { row: ScreenView["rows"][number]; view: ScreenView; stars: ReadonlySet<string> };

const Row = ({ row, view, stars }: RowProps) => (
  <tr>
    <th scope="row">
      <Star ticker={row.ticker} isStarred={stars.has(row.ticker)} />
      <a class="symbol" href={tickerHref(row.ticker, view.session === view.newest ? null : view.session)}>
        {row.ticker}
      </a>
      <small class="name-under">{row.name}</small>
    </th>
    <td class="name">
      <span>{row.name ?? none}</span>
      {row.delistedOn !== null ? (
        <span class="tag">delisted on {formatDate(row.delistedOn)}</span>
      ) : (
        !row.survives && <span class="tag">no longer trades</span>
      )}
      {row.quarantined && <QuarantineTag ticker={row.ticker} quarantined={row.quarantined} />}
    </td>
    <td>{row.type ?? none}</td>
    {view.columns.map(({ kind }, index) => (
      <Value kind={kind} value={row.values[index]} />
    ))}
  </tr>
);

const Table = ({ view, stars }: { view: ScreenView; stars: ReadonlySet<string> }) => (
  <TableScroll label="Tickers found">
    <table class="screen-table">
      <thead>
        <tr>
          {view.headers.map((header) => (
            <Header header={header} />
          ))}
        </tr>
      </thead>
      <tbody>
        {view.rows.map((row) => (
          <Row row={row} view={view} stars={stars} />
        ))}
      </tbody>
    </table>
  </TableScroll>
);

const Summary = ({ view }: { view: ScreenView }) => (
  <p class="note screen-count" role="status">
    <b>{formatCount(view.matches, "ticker")}</b>
    {view.session !== null && <> in the session of {formatSession(view.session)}</>}
    {view.rows.length > 0 &&
      view.rows.length < view.matches &&
      `, ${formatInteger(view.from + 1)} to ${formatInteger(view.from + view.rows.length)} shown`}
    {view.date !== "" && view.session !== null && view.session !== view.date && view.session !== view.newest && (
      <>. {formatDate(view.date)} was no session; this is the last one before it</>
    )}
  </p>
);

const queryOf = ({ url }: ScreenView) => url.replace(/^[^?]*\??/, "");

/** Keeps the screen by a name; what is refused is told on the list of saved screens. */
const Save = ({ view }: { view: ScreenView }) => (
  <details class="confirm" id="save-screen">
    <summary class="button">Save</summary>
    <form method="post" action="/screens">
      <input type="hidden" name="query" value={queryOf(view)} />
      <div class="field">
        <label for="screen-name">Name</label>
        <input id="screen-name" name="name" maxlength={200} autocomplete="off" required />
      </div>
      <button type="submit" class="button primary">
        Save the screen
      </button>
    </form>
  </details>
);

const Exports = ({ view }: { view: ScreenView }) => (
  <div class="screen-exports">
    <Save view={view} />
    <a class="button alert-me" href={`/alerts/new?${new URLSearchParams({ query: queryOf(view) })}`}>
      Alert me…
    </a>
    <FileLinks csv={view.csvUrl} label="Export CSV" />
    <a href={view.apiUrl}>JSON</a>
    {view.session !== null && (
      <FileLinks
        csv={`/universe.csv?date=${view.session}`}
        label={`Universe of ${formatDate(view.session)} as CSV`}
        isMain={false}
      />
    )}
  </div>
);

const Pages = ({ view }: { view: ScreenView }) =>
  view.newer === null && view.older === null ? null : (
    <nav class="pager" aria-label="Pages">
      {view.newer && (
        <ScreenLink url={view.newer} id="screen-newer" class="button">
          ← Previous
        </ScreenLink>
      )}
      {view.older && (
        <ScreenLink url={view.older} id="screen-older" class="button">
          Next →
        </ScreenLink>
      )}
    </nav>
  );

const Results = ({ view, stars }: { view: ScreenView; stars: ReadonlySet<string> }) => (
  <>
    {view.problems.length > 0 && (
      <div class="error-note" role="alert">
        {view.problems.map(({ message }) => (
          <p class="message">{message}</p>
        ))}
      </div>
    )}
    {view.survivorship && <Survivorship view={view.survivorship} newest={view.newest} />}
    <div class="screen-line">
      <Summary view={view} />
      <Exports view={view} />
    </div>
    {view.rows.length > 0 ? (
      <Table view={view} stars={stars} />
    ) : (
      <Empty>
        <p>
          {view.session === null
            ? `No session until ${formatDate(view.date)} is published. `
            : view.from > 0
              ? "There are not that many. "
              : "No ticker is like that. "}
          <a href="/screener">Start again</a>
        </p>
      </Empty>
    )}
    <Pages view={view} />
  </>
);

/** The form and what it found: the part that htmx exchanges. */
export const Screen = ({ view, desk }: { view: ScreenView; desk: ScreenDesk }) => (
  <div id="screen">
    <ScreenForm view={view} saved={desk.saved} />
    <StarForm next={view.url} />
    <Results view={view} stars={desk.stars} />
  </div>
);

/** Find tickers by any indicator; `view` null before the marts are published. */
export const screenerPage = ({ shell, view, desk }: { shell: Shell; view: ScreenView | null; desk: ScreenDesk }) =>
  toDocument(
    <Page title="Screener" shell={shell}>
      <header class="page-head">
        <h1>Screener</h1>
      </header>
      {view ? (
        <Screen view={view} desk={desk} />
      ) : (
        <Empty>
          <p>
            Nothing to screen is published yet. The transform publishes its marts once a session is loaded and its tests
            have passed. <HowToFill />
          </p>
        </Empty>
      )}
    </Page>,
  );

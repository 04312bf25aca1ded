import { describedBy, Empty, Field, Instant, Section, TableScroll } from "../components.tsx";
import { formatChange, formatCompact, formatDate, formatInteger, formatPrice, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { tickerHref } from "../ticker-href.ts";
import { Spark, toneOf } from "./tickers.tsx";
import type { WatchedTicker, WatchlistView } from "./watchlist-types.ts";

const errorOf = ({ problem }: WatchlistView, form: NonNullable<WatchlistView["problem"]>["form"]) =>
  problem?.form === form ? problem : null;

/** A form of one button about a list, or a ticker of it. */
const Act = (props: {
  action: string;
  label: string;
  about?: string | undefined;
  fields?: Record<string, string>;
  class?: string;
}) => (
  <form method="post" action={props.action}>
    {Object.entries(props.fields ?? {}).map(([name, value]) => (
      <input type="hidden" name={name} value={value} />
    ))}
    <button type="submit" class={props.class ?? "link"}>
      {props.label}
      {props.about !== undefined && <span class="visually-hidden"> {props.about}</span>}
    </button>
  </form>
);

const Note = ({ action, row }: { action: string; row: WatchedTicker }) => (
  <details class="watch-note">
    <summary>
      {row.note === "" ? <span class="note">Add a note</span> : row.note}
      <span class="visually-hidden"> of {row.ticker}</span>
    </summary>
    <form method="post" action={`${action}/note`}>
      <input type="hidden" name="ticker" value={row.ticker} />
      <textarea name="note" rows={3} maxlength={500} aria-label={`Note of ${row.ticker}`}>
        {row.note}
      </textarea>
      <button type="submit" class="button">
        Save
      </button>
    </form>
  </details>
);

type RowProps = { action: string; row: WatchedTicker; place: number; isLast: boolean };

const Row = ({ action, row, place, isLast }: RowProps) => (
  <tr id={`watched-${row.ticker}`}>
    <th scope="row">
      <a class="symbol" href={tickerHref(row.ticker)}>
        {row.ticker}
      </a>
      {row.formerly && <small>was {row.formerly}</small>}
    </th>
    <td class="number">{formatPrice(row.quote?.close)}</td>
    <td class={`number ${toneOf(row.quote?.return1d)}`}>{formatChange(row.quote?.return1d)}</td>
    <td class="spark-cell">{row.quote && <Spark closes={row.quote.closes} />}</td>
    <td class="number">{row.quote ? formatCompact(row.quote.volume) : none}</td>
    <td class="name">{row.name ?? none}</td>
    <td class="nowrap">{row.quote ? formatDate(row.quote.date) : none}</td>
    <td>
      <Note action={action} row={row} />
    </td>
    <td>
      <div class="row-actions">
        {place > 1 && (
          <Act action={`${action}/place`} label="↑" about={`Move ${row.ticker} up`} fields={placed(row, place - 1)} />
        )}
        {!isLast && (
          <Act action={`${action}/place`} label="↓" about={`Move ${row.ticker} down`} fields={placed(row, place + 1)} />
        )}
        <Act action={`${action}/take`} label="Remove" about={row.ticker} fields={{ ticker: row.ticker }} />
      </div>
    </td>
  </tr>
);

const placed = ({ ticker }: WatchedTicker, place: number) => ({ ticker, place: String(place) });

const columns: [string, string?][] = [
  ["Symbol"],
  ["Close", "number"],
  ["1 day", "number"],
  ["60 sessions"],
  ["Volume", "number"],
  ["Name"],
  ["Last bar"],
  ["Note"],
];

const Table = ({ action, rows, name }: { action: string; rows: WatchedTicker[]; name: string }) => (
  <TableScroll label={name}>
    <table class="watched">
      <thead>
        <tr>
          {columns.map(([title, kind]) => (
            <th scope="col" class={kind}>
              {title}
            </th>
          ))}
          <th scope="col">
            <span class="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <Row action={action} row={row} place={index + 1} isLast={index === rows.length - 1} />
        ))}
      </tbody>
    </table>
  </TableScroll>
);

type OneFieldProps = {
  id: string;
  action: string;
  label: string;
  name: string;
  button: string;
  problem: { message: string; typed: string } | null;
  value?: string;
};

/** A form of one field, which keeps what was typed where it is refused. */
const OneField = ({ id, action, label, name, button, problem, value = "" }: OneFieldProps) => (
  <form method="post" action={action} class="one-field" novalidate>
    <Field id={id} label={label} error={problem?.message}>
      <input
        id={id}
        name={name}
        value={problem?.typed ?? value}
        maxlength={200}
        autocomplete="off"
        spellcheck={false}
        {...describedBy(id, false, problem?.message)}
      />
    </Field>
    <button type="submit" class="button">
      {button}
    </button>
  </form>
);

const Lists = ({ view }: { view: WatchlistView }) => (
  <nav class="filter" aria-label="Watchlists">
    {view.lists.map(({ id, name, tickers }) => (
      <a class="break" href={`/watchlists/${id}`} aria-current={id === view.shown?.id ? "true" : undefined}>
        {name} <small>{formatInteger(tickers)}</small>
      </a>
    ))}
  </nav>
);

const NewList = ({ view }: { view: WatchlistView }) => {
  const problem = errorOf(view, "create");
  return (
    <details class="confirm" id="new-watchlist" open={problem !== null}>
      <summary class="button">New watchlist</summary>
      <OneField id="list-name" action="/watchlists" label="Name" name="name" button="Make it" problem={problem} />
    </details>
  );
};

const Shown = ({ view, shown }: { view: WatchlistView; shown: NonNullable<WatchlistView["shown"]> }) => {
  const action = `/watchlists/${shown.id}`;
  const renaming = errorOf(view, "rename");
  return (
    <Section
      id="watchlist"
      title={shown.name}
      note={shown.isFirst ? "A star puts a ticker here" : undefined}
      aside={
        <div class="page-actions">
          {!shown.isFirst && <Act action={`${action}/first`} label="Put first" class="button" />}
          <details class="confirm" id="rename-watchlist" open={renaming !== null}>
            <summary class="button">Rename</summary>
            <OneField
              id="new-name"
              action={`${action}/name`}
              label="New name"
              name="name"
              button="Rename"
              problem={renaming}
              value={shown.name}
            />
          </details>
          <Act action={`${action}/delete`} label="Delete" about={shown.name} class="button danger" />
        </div>
      }
    >
      <OneField
        id="add-ticker"
        action={`${action}/add`}
        label="Symbol"
        name="ticker"
        button="Add"
        problem={errorOf(view, "add")}
      />
      {shown.rows.length === 0 ? (
        <Empty>
          <p>
            Nothing is on this list. Add a symbol above, or put one on the first list by its star, in the list of{" "}
            <a href="/tickers">tickers</a> and in the <a href="/screener">screener</a>.
          </p>
        </Empty>
      ) : (
        <Table action={action} rows={shown.rows} name={shown.name} />
      )}
    </Section>
  );
};

const Deleted = ({ deleted }: { deleted: WatchlistView["deleted"] }) => (
  <Section id="deleted" title="Recently deleted" note="They can be had back for 30 days">
    <ul class="deleted-scenarios">
      {deleted.map(({ id, name, deletedAt, goneAt }) => (
        <li>
          <span class="break">{name}</span>
          <span class="note">
            deleted <Instant at={deletedAt} />, gone for good after <Instant at={goneAt} />
          </span>
          <Act action={`/watchlists/${id}/restore`} label="Restore" about={name} class="button" />
        </li>
      ))}
    </ul>
  </Section>
);

/** Lists of tickers by name, one of them whole. */
export const watchlistsPage = ({ shell, view }: { shell: Shell; view: WatchlistView }) =>
  toDocument(
    <Page title={view.shown?.name ?? "Watchlists"} shell={shell}>
      <header class="page-head">
        <h1>Watchlists</h1>
        <NewList view={view} />
      </header>
      {view.undo && (
        <div class="undo" role="status">
          <p class="break">{view.undo.text}</p>
          <Act
            action={view.undo.action}
            label="Undo"
            class="button"
            fields={view.undo.ticker === null ? {} : { ticker: view.undo.ticker }}
          />
        </div>
      )}
      {errorOf(view, "list") && (
        <p class="field-error" role="alert">
          {errorOf(view, "list")?.message}
        </p>
      )}
      {view.lists.length > 1 && <Lists view={view} />}
      {view.shown ? (
        <Shown view={view} shown={view.shown} />
      ) : (
        <Empty>
          <p>
            There is no watchlist yet. Make one above, or star a ticker in the list of <a href="/tickers">tickers</a>:
            that makes one too.
          </p>
        </Empty>
      )}
      {view.deleted.length > 0 && <Deleted deleted={view.deleted} />}
    </Page>,
  );

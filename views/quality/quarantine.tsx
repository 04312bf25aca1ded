import type { Quarantine, QuarantinedBar } from "../../db/queries/market/read-quarantines.ts";
import { Empty, Instant, Pager, Section, TableScroll } from "../components.tsx";
import { formatCompact, formatCount, formatInteger, formatPrice, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { tickerHref } from "../ticker-href.ts";

export type QuarantineView = {
  quarantines: Quarantine[];
  /** Empty: all of them. */
  filter: { state: string; ticker: string };
  /** Why the last decision could not be made. */
  problem: { id: number; message: string } | null;
  newest: string | null;
  older: string | null;
};

const stateWords: Record<Quarantine["state"], string> = { held: "Held back", released: "Released", dropped: "Dropped" };

const Filter = ({ filter }: { filter: QuarantineView["filter"] }) => (
  <form class="quality-filter" action="/quality/quarantine" aria-label="Filter">
    <div class="field">
      <label for="quarantine-state">State</label>
      <select id="quarantine-state" name="state">
        <option value="">All</option>
        {Object.entries(stateWords).map(([state, word]) => (
          <option value={state} selected={state === filter.state}>
            {word}
          </option>
        ))}
      </select>
    </div>
    <div class="field">
      <label for="quarantine-ticker">Ticker</label>
      <input id="quarantine-ticker" name="ticker" value={filter.ticker} autocomplete="off" spellcheck={false} />
    </div>
    <button type="submit" class="button">
      Filter
    </button>
    {(filter.state || filter.ticker) && <a href="/quality/quarantine">Show all</a>}
  </form>
);

const BarLine = ({ bar, ticker }: { bar: QuarantinedBar; ticker: string }) => (
  <tr>
    <th scope="row" class="nowrap">
      <a href={`/quality/lineage?${new URLSearchParams({ ticker, date: bar.session })}`}>{bar.session}</a>{" "}
      {bar.isReplaced && <span class="tag">replaced</span>}
    </th>
    {[bar.open, bar.high, bar.low, bar.close].map((price) => (
      <td class="number">{formatPrice(price)}</td>
    ))}
    <td class="number">{formatCompact(bar.volume)}</td>
    <td class="number">{bar.vwap === null ? none : formatPrice(bar.vwap)}</td>
    <td class="number">{bar.transactions === null ? none : formatInteger(bar.transactions)}</td>
    <td class="received">
      <a href={`/quality/tests/${encodeURIComponent(bar.test)}`}>{bar.test}</a>: {bar.reason}
    </td>
    <td class="received">
      {bar.lakeKey === null ? (
        none
      ) : (
        <a class="break" href={`/lake?${new URLSearchParams({ key: bar.lakeKey })}`}>
          {bar.lakeKey}
        </a>
      )}
    </td>
    <td>
      <a href={`/runs/${bar.runId}`}>{bar.runId}</a>
    </td>
  </tr>
);

const columns = ["Open", "High", "Low", "Close", "Volume", "VWAP", "Trades"];

/** Rows that are held back, each with its reason and the raw object it came in. */
const HeldBars = ({ ticker, bars }: { ticker: string; bars: QuarantinedBar[] }) => (
  <TableScroll label={`Rows of ${ticker} that are held back`}>
    <table>
      <thead>
        <tr>
          <th scope="col">Session</th>
          {columns.map((title) => (
            <th scope="col" class="number">
              {title}
            </th>
          ))}
          <th scope="col">Reason</th>
          <th scope="col">Raw object</th>
          <th scope="col">Run</th>
        </tr>
      </thead>
      <tbody>
        {bars.map((bar) => (
          <BarLine bar={bar} ticker={ticker} />
        ))}
      </tbody>
    </table>
  </TableScroll>
);

/** Both decisions ask for a reason: who looks at the ticker later has only that. */
const Decision = ({ quarantine, problem }: { quarantine: Quarantine; problem: string | null }) => {
  const { id, state } = quarantine;
  const path = `/quality/quarantine/${id}`;
  return (
    <>
      <form
        class="quality-filter"
        method="post"
        action={`${path}/release`}
        aria-label={`Decide about ${quarantine.ticker}`}
      >
        <div class={`field wide ${problem ? "has-error" : ""}`}>
          <label for={`reason-${id}`}>Why</label>
          <input id={`reason-${id}`} name="reason" required maxlength={500} autocomplete="off" />
        </div>
        <button type="submit" class="button">
          Release
        </button>
        {state === "held" && (
          <button type="submit" class="button" formaction={`${path}/drop`}>
            Drop
          </button>
        )}
      </form>
      {problem && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
    </>
  );
};

const Outcome = ({ quarantine }: { quarantine: Quarantine }) => (
  <p class="note">
    {stateWords[quarantine.state]} by {quarantine.decidedBy ?? "a later answer"} <Instant at={quarantine.decidedAt} />
    {quarantine.decision && `: ${quarantine.decision}`}
  </p>
);

const One = ({ quarantine, problem }: { quarantine: Quarantine; problem: string | null }) => (
  <Section
    id={`quarantine-${quarantine.id}`}
    title={quarantine.ticker}
    note={`${stateWords[quarantine.state]}, ${formatCount(quarantine.bars.length, "row")}`}
  >
    <p class="note">
      Since <Instant at={quarantine.since} /> by <code>{quarantine.test}</code>: {quarantine.reason}{" "}
      <a href={tickerHref(quarantine.ticker, quarantine.bars.at(-1)?.session)}>Its page</a>
    </p>
    {quarantine.state !== "held" && <Outcome quarantine={quarantine} />}
    <HeldBars ticker={quarantine.ticker} bars={quarantine.bars} />
    {quarantine.state !== "released" && <Decision quarantine={quarantine} problem={problem} />}
  </Section>
);

/** Tickers whose doubtful rows are held back, with the rows, and the forms that decide about them. */
export const quarantinePage = ({ shell, view }: { shell: Shell; view: QuarantineView }) =>
  toDocument(
    <Page title="Quarantine" shell={shell}>
      <header class="page-head">
        <h1>Quarantine</h1>
      </header>
      <p class="lead">
        Where a few tickers’ new rows fail an error test, or a statement cannot work with them, those rows are held back
        and the rest of the market is published. What was published of them stays. A later answer that passes ends a
        quarantine by itself. A released row is believed whatever tests say; a dropped one is not loaded again.
      </p>
      <Filter filter={view.filter} />
      {view.problem && !view.quarantines.some(({ id }) => id === view.problem?.id) && (
        <p class="field-error" role="alert">
          {view.problem.message}
        </p>
      )}
      {view.quarantines.length === 0 ? (
        <Empty>
          <p>
            {view.filter.state || view.filter.ticker
              ? "No quarantine is like that."
              : "Nothing is held back. A ticker whose rows are doubtful shows here, with its reason."}
          </p>
        </Empty>
      ) : (
        view.quarantines.map((quarantine) => (
          <One quarantine={quarantine} problem={view.problem?.id === quarantine.id ? view.problem.message : null} />
        ))
      )}
      <Pager newer={view.newest} older={view.older} />
    </Page>,
  );

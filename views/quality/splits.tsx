import type { ListedSplit } from "../../db/queries/market/splits.ts";
import { Instant, Section, TableScroll } from "../components.tsx";
import { formatDate, formatLabel, formatPrice, none } from "../format.ts";
import { tickerHref } from "../ticker-href.ts";

/** Why a split does not count, in words. */
const reasons: Record<NonNullable<ListedSplit["setAside"]>, string> = {
  type: "its type contradicts its ratio",
  ratio: "its ratio is beyond 1 for 10,000",
  prices: "the prices around its day deny it",
  hand: "set aside by hand",
};

const price = (value: number | null) => (value === null ? none : formatPrice(value));

const Standing = ({ split }: { split: ListedSplit }) => (
  <>
    {split.setAside === null ? "Counts" : `Does not count: ${reasons[split.setAside]}`}
    {split.decision !== null && (
      <p class="note break">
        decided by {split.decidedBy} <Instant at={split.decidedAt} />: {split.decidedWhy}
      </p>
    )}
  </>
);

const Decide = ({ split }: { split: ListedSplit }) => {
  const id = `split-${split.ticker}-${split.date}`;
  return (
    <form class="split-decision" method="post" action="/quality/splits">
      <input type="hidden" name="ticker" value={split.ticker} />
      <input type="hidden" name="date" value={split.date} />
      <label class="visually-hidden" for={id}>
        Why, of {split.ticker} on {formatDate(split.date)}
      </label>
      <input id={id} name="reason" placeholder="Why?" required maxlength={500} autocomplete="off" />
      {(split.setAside !== null || split.decision === null) && (
        <button type="submit" class="button" name="counts" value="true">
          It counts
        </button>
      )}
      {(split.setAside === null || split.decision === null) && (
        <button type="submit" class="button" name="counts" value="false">
          It does not
        </button>
      )}
    </form>
  );
};

const Line = ({ split }: { split: ListedSplit }) => (
  <tr>
    <th scope="row">
      <a href={`${tickerHref(split.ticker, split.date)}#splits`}>{split.ticker}</a>
    </th>
    <td class="nowrap">{formatDate(split.date)}</td>
    <td class="nowrap">
      {split.splitTo} for {split.splitFrom}
      {split.adjustmentType !== null && <p class="note">{formatLabel(split.adjustmentType).toLowerCase()}</p>}
    </td>
    <td class="number">{price(split.closeBefore)}</td>
    <td class="number">{price(split.openAfter)}</td>
    <td>
      <Standing split={split} />
    </td>
    <td>
      <Decide split={split} />
    </td>
  </tr>
);

/** Splits that do not count, or that somebody decided on, with the prices on both sides; nothing where there are none. */
export const SplitsSetAside = ({ splits, problem }: { splits: ListedSplit[]; problem: string | undefined }) =>
  splits.length === 0 && problem === undefined ? null : (
    <Section
      id="splits"
      title="Splits set aside"
      note="Published as without them, until somebody or the vendor’s next answer decides; prices as traded"
    >
      {problem && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
      <TableScroll label="Splits set aside">
        <table>
          <thead>
            <tr>
              <th scope="col">Ticker</th>
              <th scope="col">Day</th>
              <th scope="col">Split</th>
              <th scope="col" class="number">
                Close before
              </th>
              <th scope="col" class="number">
                Open after
              </th>
              <th scope="col">Standing</th>
              <th scope="col">Decide</th>
            </tr>
          </thead>
          <tbody>
            {splits.map((split) => (
              <Line split={split} />
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Section>
  );

import { Empty, Section, TableScroll } from "../components.tsx";
import { FileLinks } from "../file-links.tsx";
import { formatChange, formatCount, formatDate, formatInteger, formatPrice, none } from "../format.ts";
import { toneOf } from "../market/tickers.tsx";
import { tickerHref } from "../ticker-href.ts";
import { formatReason } from "./backtest-format.ts";
import type { TradeRow, TradesView } from "./backtest-view.ts";

const shareNumber = new Intl.NumberFormat("en-US", { maximumFractionDigits: 4 });

/** A number and beneath it, where a split came since, what it was on its day. */
const Both = ({ adjusted, traded, format }: BothProps) => (
  <td class="number">
    {format(adjusted)}
    {traded != null && format(traded) !== format(adjusted) && <small>{format(traded)} then</small>}
  </td>
);
type BothProps = {
  adjusted: number | null;
  traded: number | null | undefined;
  format: (value: number | null) => string;
};

const formatShares = (shares: number | null) => (shares === null ? none : shareNumber.format(Math.abs(shares)));

const Row = ({ row }: { row: TradeRow }) => (
  <tr>
    <th scope="row">
      <a
        href="#run-charts"
        class="trade-link"
        data-trade-from={row.entryDate}
        data-trade-to={row.exitDate ?? ""}
        title="Show it on the chart"
      >
        <span class="visually-hidden">Show on the chart trade </span>
        {row.number}
      </a>
    </th>
    {row.ticker === null ? null : (
      <td>
        <a href={tickerHref(row.ticker, row.entryDate)}>{row.ticker}</a>
      </td>
    )}
    <td>{row.shares < 0 ? "Short" : "Long"}</td>
    <td class="nowrap">{formatDate(row.entryDate)}</td>
    <Both adjusted={row.entryPrice} traded={row.asTraded?.entryPrice} format={formatPrice} />
    <td class="nowrap">{row.exitDate === null ? none : formatDate(row.exitDate)}</td>
    <Both adjusted={row.exitPrice} traded={row.asTraded?.exitPrice} format={formatPrice} />
    <Both adjusted={row.shares} traded={row.asTraded?.entryShares} format={formatShares} />
    <td class={`number ${toneOf(row.profit)}`}>{formatPrice(row.profit)}</td>
    <td class={`number ${toneOf(row.return)}`}>{formatChange(row.return)}</td>
    <td class="number">{formatInteger(row.sessions)}</td>
    <td class="nowrap">{formatReason(row.reason)}</td>
  </tr>
);

const headings: [title: string, isNumber: boolean][] = [
  ["#", false],
  ["Side", false],
  ["Entry", false],
  ["At", true],
  ["Exit", false],
  ["At", true],
  ["Shares", true],
  ["Profit, $", true],
  ["Return", true],
  ["Sessions", true],
  ["Left by", false],
];

/** A portfolio's trades say of which ticker they are. */
const headingsOf = ({ ticker }: TradesView): typeof headings => {
  const [number, ...rest] = headings;
  return number && ticker === null ? [number, ["Ticker", false], ...rest] : headings;
};

const PageLink = ({ href, label }: { href: string; label: string }) => (
  <a class="button" href={`${href}#trades`} hx-get={href} hx-target="#trades" hx-swap="outerHTML" hx-push-url="false">
    {label}
  </a>
);

/** The trades of a page, the newest first: the part that htmx exchanges to turn it. */
export const Trades = ({ view }: { view: TradesView }) => {
  const { rows, total, from, newer, older } = view.trades;
  const shown = rows.length < total ? `, ${formatInteger(from + 1)} to ${formatInteger(from + rows.length)} shown` : "";
  return (
    <Section
      id="trades"
      title="Trades"
      note={`${formatCount(total, "trade")}, the newest first${shown}. Prices and shares are split-adjusted, with slippage, and beneath them as they were then.`}
      aside={
        <span class="screen-exports">
          <FileLinks csv={view.tradesCsvUrl} label="Trades as CSV" />
          <FileLinks csv={view.equityCsvUrl} label="Equity as CSV" isMain={false} />
        </span>
      }
    >
      {rows.length === 0 ? (
        <Empty>
          <p>No trade: nothing was bought. The notes above say why.</p>
        </Empty>
      ) : (
        <TableScroll label="Trades">
          <table class="run-trades">
            <thead>
              <tr>
                {headingsOf(view).map(([title, isNumber]) => (
                  <th scope="col" class={isNumber ? "number" : undefined}>
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row row={row} />
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      {(newer !== null || older !== null) && (
        <nav class="pager" aria-label="Pages of trades">
          {newer !== null && <PageLink href={newer} label="← Newer" />}
          {older !== null && <PageLink href={older} label="Older →" />}
        </nav>
      )}
    </Section>
  );
};

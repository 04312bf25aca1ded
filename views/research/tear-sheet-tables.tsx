import { TableScroll } from "../components.tsx";
import { formatChange, formatDate, formatInteger, formatPercent, none } from "../format.ts";
import { toneOf } from "../market/tickers.tsx";
import { formatMetric } from "./backtest-format.ts";
import type { FigureRow, FigureUnit, TearSheetView } from "./tear-sheet-view.ts";

/** A figure as people read it. */
function formatFigure(unit: FigureUnit, isMove: boolean, value: number | null): string {
  if (value === null) return none;
  if (unit === "fraction") return isMove ? formatChange(value) : formatPercent(value);
  return unit === "ratio" ? formatMetric("", "ratio", value) : formatInteger(value);
}

const Figure = ({ row, value }: { row: FigureRow; value: number | null }) => (
  <td class={`number ${row.isMove ? toneOf(value) : ""}`}>{formatFigure(row.unit, row.isMove, value)}</td>
);

const Head = ({ first, columns }: { first: string; columns: readonly string[] }) => (
  <thead>
    <tr>
      <th scope="col">{first}</th>
      {columns.map((column) => (
        <th scope="col" class="number">
          {column}
        </th>
      ))}
    </tr>
  </thead>
);

/** The figures that are looked at first. */
export const Headline = ({ view }: { view: TearSheetView }) => (
  <dl class="facts strong sheet-headline">
    {view.headline.map((row) => (
      <div class="fact">
        <dt>{row.label}</dt>
        <dd>
          <span class={row.isMove ? toneOf(row.run) : ""}>{formatFigure(row.unit, row.isMove, row.run)}</span>
          {row.benchmark !== null && row.name !== "exposure" && (
            <small>
              {view.benchmark} {formatFigure(row.unit, row.isMove, row.benchmark)}
            </small>
          )}
        </dd>
      </div>
    ))}
  </dl>
);

/** Every figure by its group, the benchmark's beside it; its name leads to the definition. */
export const Figures = ({ view }: { view: TearSheetView }) => (
  <div class="sheet-figures">
    {view.groups.map(({ id, title, rows }) => {
      const isPair = view.benchmark !== null && id !== "relative";
      return (
        <table class="sheet-group" id={`group-${id}`}>
          <Head first={title} columns={isPair ? ["Strategy", view.benchmark ?? ""] : ["Strategy"]} />
          <tbody>
            {rows.map((row) => (
              <tr>
                <th scope="row">
                  <a href={`#definition-${row.name}`}>{row.label}</a>
                </th>
                <Figure row={row} value={row.run} />
                {isPair && <Figure row={row} value={row.benchmark} />}
              </tr>
            ))}
          </tbody>
        </table>
      );
    })}
  </div>
);

const percent = (value: number | null) => (value === null ? none : formatChange(value));

/** The deepest first. */
export const Drawdowns = ({ view }: { view: TearSheetView }) => (
  <TableScroll label="Worst drawdowns">
    <table>
      <Head first="Began" columns={["Depth", "Days", "Valley", "Last below", "Recovered"]} />
      <tbody>
        {view.drawdowns.map((drawdown) => (
          <tr>
            <th scope="row" class="nowrap">
              {formatDate(drawdown.start)}
            </th>
            <td class={`number ${toneOf(drawdown.depth)}`}>{percent(drawdown.depth)}</td>
            <td class="number">{formatInteger(drawdown.days)}</td>
            <td class="number">{formatDate(drawdown.valley)}</td>
            <td class="number">{formatDate(drawdown.end)}</td>
            <td class="number">{drawdown.recovery === null ? "not yet" : formatDate(drawdown.recovery)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

/** The years of both, and what lies between them. */
export const Years = ({ view }: { view: TearSheetView }) => (
  <TableScroll label="Returns by year">
    <table>
      <Head first="Year" columns={view.benchmark === null ? ["Strategy"] : ["Strategy", view.benchmark, "Ahead"]} />
      <tbody>
        {view.years.map(({ year, run, benchmark }) => {
          const ahead = run === null || benchmark === null ? null : run - benchmark;
          return (
            <tr>
              <th scope="row">{year}</th>
              <td class={`number ${toneOf(run)}`}>{percent(run)}</td>
              {view.benchmark !== null && <td class={`number ${toneOf(benchmark)}`}>{percent(benchmark)}</td>}
              {view.benchmark !== null && <td class={`number ${toneOf(ahead)}`}>{percent(ahead)}</td>}
            </tr>
          );
        })}
      </tbody>
    </table>
  </TableScroll>
);

/** How rolling figures ended, and between what they were. */
export const Rolling = ({ view }: { view: TearSheetView }) => (
  <TableScroll label="Rolling figures">
    <table>
      <Head first="Over half a year" columns={["Last", "Lowest", "Median", "Highest"]} />
      <tbody>
        {view.rollingRows.map(({ label, of, unit, last, lowest, median, highest }) => (
          <tr>
            <th scope="row">
              {label} <small>{of}</small>
            </th>
            {[last, lowest, median, highest].map((value) => (
              <td class="number">{formatFigure(unit, false, value)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

/** Quantiles of returns by the length of their periods. */
export const Distributions = ({ view }: { view: TearSheetView }) => (
  <TableScroll label="Distribution of returns">
    <table class="sheet-distribution">
      <Head
        first="Returns of"
        columns={["Number", "Mean", "Lowest", "5 %", "25 %", "Median", "75 %", "95 %", "Highest", "Outliers"]}
      />
      <tbody>
        {view.distributions.map((row) => (
          <tr>
            <th scope="row">
              {row.span} <small>{row.of}</small>
            </th>
            <td class="number">{formatInteger(row.count)}</td>
            {[row.mean, row.lowest, row.q5, row.q25, row.median, row.q75, row.q95, row.highest].map((value) => (
              <td class="number">{percent(value)}</td>
            ))}
            <td class="number">{formatInteger(row.outliers)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

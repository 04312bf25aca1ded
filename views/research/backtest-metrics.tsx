import { Section, TableScroll } from "../components.tsx";
import { formatChange, monthNames, none } from "../format.ts";
import { toneOf } from "../market/tickers.tsx";
import { formatMetric, isSignedMetric } from "./backtest-format.ts";
import type { MetricRow, ResultView, YearRow } from "./backtest-view.ts";

const headline = ["totalReturn", "cagr", "sharpe", "maxDrawdown", "winRate", "trades", "exposure"];

/** The figures that are looked at first, each beside that of holding the ticker; its name leads to the formula. */
export const Headline = ({ view }: { view: ResultView }) => {
  const rows = headline.flatMap((name) => view.metrics.find((row) => row.name === name) ?? []);
  return (
    <dl class="facts strong run-facts">
      {rows.map((row) => (
        <div class="fact">
          <dt>
            <a href={`#formula-${row.name}`}>{row.label}</a>
          </dt>
          <dd>
            <span class={isSignedMetric(row.name) ? toneOf(row.strategy) : ""}>
              {formatMetric(row.name, row.unit, row.strategy)}
            </span>
            {row.hold !== null && row.name !== "exposure" && (
              <small>
                {view.ticker === null ? "universe" : "hold"} {formatMetric(row.name, row.unit, row.hold)}
              </small>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
};

const Value = ({ row, value }: { row: MetricRow; value: number | null }) => (
  <td class={`number ${isSignedMetric(row.name) ? toneOf(value) : ""}`}>{formatMetric(row.name, row.unit, value)}</td>
);

type TableProps = { label: string; rows: MetricRow[]; others: { key: "hold" | "benchmark"; label: string }[] };

const Table = ({ label, rows, others }: TableProps) => (
  <TableScroll label={label}>
    <table class="run-metrics">
      <thead>
        <tr>
          <th scope="col">{label}</th>
          <th scope="col" class="number">
            Strategy
          </th>
          {others.map((other) => (
            <th scope="col" class="number">
              {other.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr>
            <th scope="row">
              <details id={`metric-${row.name}`}>
                <summary>{row.label}</summary>
                <p class="hint" id={`formula-${row.name}`}>
                  {row.formula} {row.source !== "own" && <span class="nowrap">As {row.source} has it.</span>}
                </p>
              </details>
            </th>
            <Value row={row} value={row.strategy} />
            {others.map(({ key }) => (
              <Value row={row} value={row[key]} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

/** Every figure, those that holding has too beside it; each opens to its formula, without a script. */
export const MetricTable = ({ view }: { view: ResultView }) => (
  <Section
    id="metrics"
    title="Figures"
    note={
      <>
        Each opens to its formula;{" "}
        <a href={view.ticker === null ? "/strategies#universe-rules" : "/strategies#rules"}>
          the rules that every run follows
        </a>
      </>
    }
  >
    <div class="run-figures">
      <Table
        label="Equity"
        rows={view.metrics.filter(({ isOfCurve }) => isOfCurve)}
        others={[
          { key: "hold", label: view.ticker === null ? "Universe" : "Buy and hold" },
          ...(view.benchmark === null ? [] : [{ key: "benchmark" as const, label: view.benchmark }]),
        ]}
      />
      <Table label="Trades and costs" rows={view.metrics.filter(({ isOfCurve }) => !isOfCurve)} others={[]} />
    </div>
  </Section>
);

const steps = [0.005, 0.03, 0.08];

/** The deeper the tint the larger the move; its sign says the direction without colour. */
function heatOf(value: number | null): string {
  if (value === null) return "";
  const step = steps.filter((least) => Math.abs(value) >= least).length;
  return step === 0 ? "" : `heat-${value > 0 ? "up" : "down"}-${step}`;
}

const monthText = (value: number | null) => (value === null ? "" : formatChange(value).replace(/(\.\d)\d%$/, "$1"));

const Year = ({ row }: { row: YearRow }) => (
  <tr>
    <th scope="row">{row.year}</th>
    {row.months.map((value) => (
      <td class={heatOf(value)}>{monthText(value)}</td>
    ))}
    <td class={`total ${toneOf(row.total)}`}>{row.total === null ? none : formatChange(row.total)}</td>
  </tr>
);

/** What each month and year came to. */
export const Months = ({ view }: { view: Pick<ResultView, "years"> }) => (
  <Section id="months" title="Months and years" note="Returns of the strategy in percent, from close to close">
    <TableScroll label="Returns by month">
      <table class="run-months">
        <thead>
          <tr>
            <th scope="col">Year</th>
            {monthNames.map((name) => (
              <th scope="col">{name}</th>
            ))}
            <th scope="col">Year</th>
          </tr>
        </thead>
        <tbody>
          {view.years.map((row) => (
            <Year row={row} />
          ))}
        </tbody>
      </table>
    </TableScroll>
  </Section>
);

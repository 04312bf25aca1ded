import type { Child } from "hono/jsx";
import { TableScroll } from "../components.tsx";
import { toneOf } from "../market/tickers.tsx";
import { formatMetric, isSignedMetric } from "./backtest-format.ts";
import type { MetricLine } from "./scenario-types.ts";

/** Why a run of now would differ, with a button that makes it. Draws nothing where it would not. */
export const Changes = ({ id, changes, name }: { id: number; changes: string[]; name?: string }) =>
  changes.length === 0 ? null : (
    <div class="newer-data">
      <div>
        {changes.map((change) => (
          <p>{change}</p>
        ))}
      </div>
      <RunAgain id={id} {...(name !== undefined && { name })} />
    </div>
  );

/** Runs a scenario on the data of now; the figures before stay beside the new ones. */
export const RunAgain = ({ id, name }: { id: number; name?: string }) => (
  <form method="post" action={`/scenarios/${id}/run`}>
    <button type="submit" class="button">
      Run again
      {name !== undefined && <span class="visually-hidden"> {name}</span>}
    </button>
  </form>
);

const Best = () => (
  <span class="best">
    <svg class="best-star" viewBox="0 0 16 16" width="11" height="11" aria-hidden="true">
      <path d="M8 1.5l2 4.4 4.7.5-3.5 3.2 1 4.7L8 11.9l-4.2 2.4 1-4.7L1.3 6.4 6 5.9z" />
    </svg>
    <span class="visually-hidden">best: </span>
  </span>
);

const Changed = () => (
  <span class="best">
    <svg class="best-star" viewBox="0 0 16 16" width="9" height="9" aria-hidden="true">
      <path d="M8 2l6.5 12h-13z" />
    </svg>
    <span class="visually-hidden">changed: </span>
  </span>
);

/** Whether a figure reads otherwise than that of the first column. */
const isToldAnew = ({ name, unit, values }: MetricLine, index: number) =>
  index > 0 && formatMetric(name, unit, values[index] ?? null) !== formatMetric(name, unit, values[0] ?? null);

type ColumnsProps = {
  label: string;
  columns: Child[];
  metrics: MetricLine[];
  /** Whether the columns are one run at two times: then what has changed is marked. */
  isBeforeAndNow?: boolean;
};

/** Figures of several runs, a column each, the best of each line marked by a glyph, a word and its weight. */
export const MetricColumns = (props: ColumnsProps) => (
  <TableScroll label={props.label}>
    <table class="scenario-metrics">
      <thead>
        <tr>
          <th scope="col">Figure</th>
          {props.columns.map((column) => (
            <th scope="col" class="number">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {props.metrics.map((line) => (
          <tr>
            <th scope="row">
              <details>
                <summary>{line.label}</summary>
                <p class="hint">{line.formula}</p>
              </details>
            </th>
            {line.values.map((value, index) => {
              const isChanged = props.isBeforeAndNow === true && isToldAnew(line, index);
              const weight = line.best[index] || isChanged ? "is-best" : "";
              return (
                <td class={`number ${isSignedMetric(line.name) ? toneOf(value) : ""} ${weight}`}>
                  {line.best[index] && <Best />}
                  {isChanged && <Changed />}
                  {formatMetric(line.name, line.unit, value)}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

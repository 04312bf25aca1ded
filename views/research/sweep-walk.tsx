import { Section, TableScroll } from "../components.tsx";
import { formatDate } from "../format.ts";
import { toneOf } from "../market/tickers.tsx";
import { formatMetric } from "./backtest-format.ts";
import { Cell, CurveFigure, figureOf, listed, pick } from "./sweep-parts.tsx";
import type { FoundView, MetricInfo, WalkRow } from "./sweep-view.ts";

const Row = ({ row, score }: { row: WalkRow; score: MetricInfo }) => (
  <tr>
    <td class="nowrap">
      {formatDate(row.choose.from)} to {formatDate(row.choose.to)}
    </td>
    <td class="nowrap">
      {formatDate(row.run.from)} to {formatDate(row.run.to)}
    </td>
    <td>{row.params ?? "None had a score: nothing held"}</td>
    <td class="number">{formatMetric(score.name, score.unit, row.score)}</td>
    <Cell metric={score} figures={row.outOfSample} />
    <td class={`number ${toneOf(row.outOfSample.totalReturn ?? null)}`}>
      {formatMetric("totalReturn", "fraction", row.outOfSample.totalReturn ?? null)}
    </td>
  </tr>
);

/** What choosing anew for each part came to: one run over all parts, and each part by itself. */
export const WalkForward = ({ found }: { found: FoundView }) => {
  const { walkForward, score } = found;
  if (walkForward === null) return null;
  const metrics = pick(found, listed);
  return (
    <Section
      id="walk-forward"
      title="Walk-forward"
      note={`Chosen on ${walkForward.isAnchored ? "all before each part" : "the part before"}, run on the part after it`}
    >
      <dl class="facts strong">
        {metrics.map((metric) => (
          <div class="fact">
            <dt>{metric.label}</dt>
            <dd>{formatMetric(metric.name, metric.unit, figureOf(metric, walkForward.metrics))}</dd>
          </div>
        ))}
      </dl>
      <CurveFigure id="walk" curve={walkForward.curve} />
      <p class="note">
        One run over all parts, in which the parameters change from part to part and positions are carried. The table
        runs each part by itself.
      </p>
      <TableScroll label="The windows of the walk-forward test">
        <table class="sweep-walk">
          <thead>
            <tr>
              <th scope="col">Chosen on</th>
              <th scope="col">Run on</th>
              <th scope="col">Parameters</th>
              <th scope="col" class="number">
                {score.label}, chosen
              </th>
              <th scope="col" class="number">
                {score.label}, run
              </th>
              <th scope="col" class="number">
                Return, run
              </th>
            </tr>
          </thead>
          <tbody>
            {walkForward.rows.map((row) => (
              <Row row={row} score={score} />
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Section>
  );
};

import { Section, TableScroll } from "../components.tsx";
import { formatCount, formatDate, formatInteger, formatPercent } from "../format.ts";
import { formatMetric } from "./backtest-format.ts";
import { Deflated } from "./sweep-deflated.tsx";
import { HeatMap } from "./sweep-heat-map.tsx";
import { Cell, CurveFigure, listed, pick } from "./sweep-parts.tsx";
import type { FoundView } from "./sweep-view.ts";
import { WalkForward } from "./sweep-walk.tsx";

/** The figures that stand side by side for the best point, after its score. */
const compared = [
  "totalReturn",
  "cagr",
  "sharpe",
  "sortino",
  "maxDrawdown",
  "volatility",
  "trades",
  "winRate",
  "exposure",
];
/** What the score out of sample says of the choice: nothing where either is not defined. */
function verdictOf({ score, best: [best] }: FoundView): { fell: boolean; words: string } | null {
  const [chosen, rest] = [best?.inSample[score.name] ?? null, best?.outOfSample?.[score.name] ?? null];
  if (best === undefined || best.outOfSample === null || chosen === null) return null;
  const from = formatMetric(score.name, score.unit, chosen);
  if (rest === null)
    return {
      fell: true,
      words: `Out of sample there is no ${score.label} to measure: nothing came of the choice there.`,
    };
  const to = formatMetric(score.name, score.unit, rest);
  const isLower = score.higherIsBetter === false;
  const fell = isLower ? rest > chosen * 1.5 : rest < chosen - Math.abs(chosen) / 2;
  const words = fell
    ? `${score.label} went from ${from} in sample to ${to} out of it. What was chosen fits the past better than what came after: do not count on the figure in sample.`
    : `${score.label} was ${from} in sample and ${to} out of it: the choice held up on sessions that it had not seen.`;
  return { fell, words };
}

const Verdict = ({ found }: { found: FoundView }) => {
  const [best] = found.best;
  const { tally, score } = found;
  const verdict = verdictOf(found);
  const left = [
    tally.invalid > 0 ? `${formatInteger(tally.invalid)} with values that do not go together` : "",
    tally.cold > 0
      ? `${formatInteger(tally.cold)} ${found.isUniverse ? "that choose nobody in sample" : "with too few sessions to warm up"}`
      : "",
  ].filter((words) => words !== "");
  const leftOut = left.length > 0 ? ` Left out: ${left.join(", ")}.` : "";
  if (best === undefined) {
    return (
      <p class="lead">
        {formatCount(tally.ran, "point")} were tried, and none has a {score.label} to be best by.{leftOut}
      </p>
    );
  }
  return (
    <>
      <p class="lead sweep-lead">
        <strong>{best.params || "The defaults"}</strong>: the best of <strong>{formatCount(tally.ran, "trial")}</strong>{" "}
        by {score.label}.{leftOut}
      </p>
      <p>
        <a class="button" href={best.url}>
          Look at its run
        </a>{" "}
        {found.outOfSample && (
          <a class="button" href={best.inSampleUrl}>
            In sample alone
          </a>
        )}{" "}
        <a class="button" href={found.tearSheetUrl}>
          Tear sheet
        </a>
      </p>
      {found.hasNewData && (
        <p class="sweep-verdict fell">
          <strong>⚠ The data has changed since.</strong> A run of now gives other figures than those here; begin the
          sweep again.
        </p>
      )}
      {found.isOfSurvivors && (
        <p class="sweep-verdict fell">
          <strong>⚠ Chosen from survivors.</strong> Tickers that no longer trade are left out, which nobody could have
          known. These figures flatter.
        </p>
      )}
      {verdict && (
        <p class={`sweep-verdict ${verdict.fell ? "fell" : "held"}`}>
          <strong>{verdict.fell ? "⚠ It fell out of sample." : "✓ It held out of sample."}</strong> {verdict.words}
        </p>
      )}
    </>
  );
};

const partNote = ({ from, to, sessions }: { from: string; to: string; sessions: number }) =>
  `${formatDate(from)} to ${formatDate(to)}, ${formatInteger(sessions)} sessions`;

const Comparison = ({ found }: { found: FoundView }) => {
  const [best] = found.best;
  if (best === undefined) return null;
  return (
    <TableScroll label={found.outOfSample ? "The best point in and out of sample" : "The best point"}>
      <table class="sweep-compared">
        <thead>
          <tr>
            <th scope="col">The best point</th>
            <th scope="col" class="number">
              In sample<small>{partNote(found.inSample)}</small>
            </th>
            {found.outOfSample && (
              <th scope="col" class="number">
                Out of sample<small>{partNote(found.outOfSample)}</small>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {pick(found, compared).map((metric) => (
            <tr>
              <th scope="row">
                <a href={`/strategies#metric-${metric.name}`} title={metric.formula}>
                  {metric.label}
                </a>
              </th>
              <Cell metric={metric} figures={best.inSample} />
              {found.outOfSample && <Cell metric={metric} figures={best.outOfSample} />}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
};

const Points = ({ found }: { found: FoundView }) => {
  const metrics = pick(found, listed);
  return (
    <Section
      id="points"
      title="The best points"
      note={`Of ${formatCount(found.tally.ran, "trial")}, by ${found.score.label} in sample`}
    >
      <TableScroll label="The best points">
        <table class="sweep-points">
          <thead>
            <tr>
              <th scope="col">Parameters</th>
              {metrics.map(({ label }) => (
                <th scope="col" class="number">
                  {label}
                </th>
              ))}
              {found.outOfSample && (
                <th scope="col" class="number">
                  {found.score.label}, out of sample
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {found.best.map((point) => (
              <tr>
                <th scope="row">
                  <a href={point.url}>{point.params || "The defaults"}</a>
                </th>
                {metrics.map((metric) => (
                  <Cell metric={metric} figures={point.inSample} />
                ))}
                {found.outOfSample && <Cell metric={found.score} figures={point.outOfSample} />}
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Section>
  );
};

/** What a sweep found, the verdict first. */
export const Found = ({ found }: { found: FoundView }) => (
  <>
    <Section id="best" title="The best point">
      <div class="sweep-best">
        <div>
          <Verdict found={found} />
          {found.deflated && <Deflated deflated={found.deflated} />}
        </div>
        <Comparison found={found} />
      </div>
      {found.equity && <CurveFigure id="equity" curve={found.equity} />}
    </Section>
    {found.best.length > 0 && (
      <Section
        id="heat"
        title="Heat map"
        note={`In sample. A best point among good ones is worth more than one alone; ${formatPercent(found.scored / Math.max(found.tally.ran, 1))} of the trials have a ${found.score.label}`}
      >
        <HeatMap map={found.heatMap} />
      </Section>
    )}
    {found.best.length > 0 && <Points found={found} />}
    <WalkForward found={found} />
  </>
);

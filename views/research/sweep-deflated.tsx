import { formatCount, formatInteger, formatPercent, none } from "../format.ts";
import type { DeflatedView } from "./sweep-view.ts";

/** Above it, luck is usually not taken for the reason. */
const usual = 0.95;

const two = (value: number | null) => (value === null ? none : value.toFixed(2).replace("-", "−"));

function wordsOf({ probability, trials }: DeflatedView): string {
  if (probability === null) return "It is not defined here: the best point's returns never change.";
  const chance = formatPercent(probability);
  const meaning = `With a chance of ${chance} its true Sharpe ratio is above what the best of ${formatCount(trials, "trial")} that are all worth nothing would show.`;
  return probability >= usual
    ? `${meaning} By the usual 95% that is more than luck.`
    : `${meaning} The usual 95% is not reached: luck may well explain it.`;
}

/** The deflated Sharpe ratio: what it says, what it was made from, and how. */
export const Deflated = ({ deflated }: { deflated: DeflatedView }) => (
  <div class="sweep-deflated">
    <h3>Deflated Sharpe ratio: {deflated.probability === null ? none : formatPercent(deflated.probability)}</h3>
    <p>{wordsOf(deflated)}</p>
    <dl class="facts strong">
      <div class="fact">
        <dt>Its Sharpe ratio</dt>
        <dd>{two(deflated.sharpe)}</dd>
      </div>
      <div class="fact">
        <dt>Expected of the best by luck</dt>
        <dd>{two(deflated.expectedMaximum)}</dd>
      </div>
      <div class="fact">
        <dt>Trials</dt>
        <dd>{formatInteger(deflated.trials)}</dd>
      </div>
    </dl>
    <details>
      <summary>How it is computed</summary>
      <p class="hint">
        Z((SR − SR₀) × √(T − 1) ÷ √(1 − skewness × SR + (kurtosis − 1) ÷ 4 × SR²)), where SR₀ = √V × ((1 − γ) × Z⁻¹(1 −
        1 ÷ N) + γ × Z⁻¹(1 − 1 ÷ (N × e))). SR is the best point's Sharpe ratio a session in sample, T ={" "}
        {formatInteger(deflated.sessions)} sessions, skewness {two(deflated.skewness)} and kurtosis{" "}
        {two(deflated.kurtosis)} are those of its returns, N = {formatInteger(deflated.trials)} trials, V the variance
        of their Sharpe ratios ({two(deflated.variance)} a year), γ = 0.5772 (Euler and Mascheroni), Z the normal
        distribution.
      </p>
      <p class="hint">
        Trials are counted as independent. Those of a grid resemble each other, so that the bar is rather too high than
        too low; what was tried before, in other sweeps, is not counted.
      </p>
      <p class="hint">
        D. Bailey and M. López de Prado,{" "}
        <a href="https://papers.ssrn.com/sol3/papers.cfm?abstract_id=2460551">The Deflated Sharpe Ratio</a>, Journal of
        Portfolio Management 40(5), 2014.
      </p>
    </details>
  </div>
);

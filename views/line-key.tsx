/** A line as it is drawn, so that lines are told apart without colour too. */
export const LineKey = ({ tone, dash }: { tone: string; dash: readonly number[] }) => (
  <svg class={`line-key ${tone}`} viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">
    <path d="M0 4H28" stroke-dasharray={dash.join(" ") || undefined} />
  </svg>
);

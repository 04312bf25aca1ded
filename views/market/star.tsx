import { StarMark } from "../components.tsx";

/** What the stars of a page send, and where one goes on without a script; once a page. */
export const StarForm = ({ next }: { next: string }) => (
  <form method="post" action="/watchlists/star" id="stars">
    <input type="hidden" name="next" value={next} />
  </form>
);

/** Puts a ticker on the first watchlist, or takes it off; of a page that has the StarForm. */
export const Star = ({ ticker, isStarred, label }: { ticker: string; isStarred: boolean; label?: string }) => (
  <button
    type="submit"
    class="star"
    form="stars"
    id={`star-${ticker}`}
    name="ticker"
    value={ticker}
    aria-pressed={isStarred}
    hx-post="/watchlists/star"
    hx-target="this"
    hx-swap="outerMorph"
  >
    <StarMark />
    <span class={label === undefined ? "visually-hidden" : undefined}>{label ?? `Watch ${ticker}`}</span>
  </button>
);

import type { PropsWithChildren } from "hono/jsx";
import { Fact } from "../components.tsx";
import { formatChange, formatCount, formatDate, formatInteger, formatPercent, none } from "../format.ts";
import type { SurvivorshipView } from "./screener-types.ts";
import { toneOf } from "./tickers.tsx";

/** A link to another screen: a plain one, for which htmx exchanges only the screen and keeps the address. */
export const ScreenLink = (
  props: PropsWithChildren<{ url: string; id?: string; class?: string; title?: string; label?: string }>,
) => (
  <a
    id={props.id}
    href={props.url}
    hx-get={props.url}
    hx-target="#screen"
    hx-swap="outerHTML"
    hx-push-url="true"
    class={props.class}
    title={props.title}
    aria-label={props.label}
  >
    {props.children}
  </a>
);

const shareOf = (part: number, whole: number) => (whole === 0 ? none : formatPercent(part / whole));

/** How many of a session's tickers still trade, and how much better a list of those alone looks. */
export const Survivorship = ({ view, newest }: { view: SurvivorshipView; newest: string }) => {
  const { medianLater: all, medianLaterSurviving: surviving } = view;
  return (
    <aside class="survivorship" aria-label="Survivorship">
      <dl class="facts">
        <Fact term={`Listed on ${formatDate(view.session)}`}>{formatInteger(view.listed)}</Fact>
        <Fact term={`Still trade on ${formatDate(newest)}`}>
          {formatInteger(view.surviving)}
          <small>{shareOf(view.surviving, view.listed)}</small>
        </Fact>
        <Fact term="Median total return since, all">
          <span class={toneOf(all)}>{formatChange(all)}</span>
          <small>until the last bar of each</small>
        </Fact>
        <Fact term="Median total return, survivors">
          <span class={toneOf(surviving)}>{formatChange(surviving)}</span>
          {all !== null && surviving !== null && Math.abs(surviving - all) >= 0.0005 && (
            <small>
              {surviving > all ? "overstates" : "understates"} by {(Math.abs(surviving - all) * 100).toFixed(1)} points
            </small>
          )}
        </Fact>
      </dl>
      <p class="note">
        {formatCount(view.listed - view.surviving, "ticker")} of this screen went since: delisted, merged or renamed.
        Whoever tests an idea on today's list leaves them out without meaning to.
      </p>
    </aside>
  );
};

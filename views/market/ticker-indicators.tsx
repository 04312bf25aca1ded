import type { ListedTicker } from "../../db/queries/market/read-universe.ts";
import { Section } from "../components.tsx";
import { formatDate } from "../format.ts";
import { formatIndicator, type Indicator, isSigned } from "./indicators.ts";
import { toneOf } from "./tickers.tsx";

export type IndicatorGroupView = {
  group: string;
  indicators: (Indicator & { value: number | string | boolean | null })[];
  /** Why a model of the people's own has none. */
  problem?: string | null;
};

/** Every indicator of a ticker's last bar, by group. */
export const Indicators = ({ groups, date }: { groups: IndicatorGroupView[]; date: string }) => (
  <Section id="indicators" title="Indicators" note={`${formatDate(date)}, adjusted for splits`}>
    <div class="indicator-groups">
      {groups.map(({ group, indicators, problem }) => (
        <section aria-label={group}>
          <h3>{group}</h3>
          {problem && <p class="note">{problem}</p>}
          {indicators.length > 0 && (
            <dl>
              {indicators.map(({ label, hint, kind, value }) => (
                <div title={hint}>
                  <dt>{label}</dt>
                  <dd class={isSigned(kind) && typeof value === "number" ? toneOf(value) : ""}>
                    {formatIndicator(kind, value)}
                  </dd>
                </div>
              ))}
            </dl>
          )}
        </section>
      ))}
    </div>
  </Section>
);

/** Of which sessions' universe it is, with the screens of the first and the last. */
export const Listing = ({ listing }: { listing: ListedTicker }) => (
  <Section id="universe" title="Universe">
    <ul class="actions-list">
      <li>
        <span>First session</span>
        <a href={`/screener?date=${listing.firstDate}`}>{formatDate(listing.firstDate)}</a>
      </li>
      <li>
        <span>Last session</span>
        <a href={`/screener?date=${listing.lastDate}`}>{formatDate(listing.lastDate)}</a>
      </li>
      {listing.delistedOn !== null && (
        <li>
          <span>Delisted on</span> <b>{formatDate(listing.delistedOn)}</b>
        </li>
      )}
      {listing.type !== null && (
        <li>
          <span>As</span>
          <a href={`/screener?type=${encodeURIComponent(listing.type)}&date=${listing.lastDate}`}>{listing.type}</a>
        </li>
      )}
    </ul>
  </Section>
);

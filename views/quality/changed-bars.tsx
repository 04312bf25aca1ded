import type { ChangedBar } from "../../db/queries/market/read-changed-bars.ts";
import { Instant, Section } from "../components.tsx";
import { formatDate } from "../format.ts";

/** What the vendor stated anew or took back last, each leading to the raw answers; nothing where there is none. */
export const ChangedBars = ({ bars }: { bars: ChangedBar[] }) =>
  bars.length === 0 ? null : (
    <Section id="changed" title="Changed by the vendor" note="Bars stated anew or taken back, the newest first">
      <ul class="changed-bars">
        {bars.map(({ ticker, date, change, at }) => (
          <li>
            <a href={`/quality/lineage?${new URLSearchParams({ ticker, date })}`}>
              {ticker}, {formatDate(date)}
            </a>{" "}
            <span class="note">
              {change} <Instant at={at} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );

import type { Quarantined } from "../../db/queries/market/read-quarantines.ts";

/** Says of a ticker that its newest rows are held back, and leads to them. */
export const QuarantineTag = ({ ticker, quarantined }: { ticker: string; quarantined: Quarantined }) => (
  <a
    class="tag"
    href={`/quality/quarantine?${new URLSearchParams({ ticker })}`}
    title={`${quarantined.test}: ${quarantined.reason}`}
  >
    in quarantine since {quarantined.since.toISOString().slice(0, 10)}
  </a>
);

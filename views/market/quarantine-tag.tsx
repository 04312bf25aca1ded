import type { Quarantined } from "../../db/queries/market/read-quarantines.ts";

type QuarantineTagProps = { ticker: string; quarantined: Quarantined; isNamed?: boolean };

/** Says of a ticker that its newest rows are held back, and leads to them; `isNamed`: says of which, as it is not the one beside it. */
export const QuarantineTag = ({ ticker, quarantined, isNamed = false }: QuarantineTagProps) => (
  <a
    class="tag"
    href={`/quality/quarantine?${new URLSearchParams({ ticker })}`}
    title={`${quarantined.test}: ${quarantined.reason}`}
  >
    {isNamed && `${ticker} `}in quarantine since {quarantined.since.toISOString().slice(0, 10)}
  </a>
);

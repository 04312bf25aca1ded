import type { NamedTicker } from "./types.ts";

/** The label that a security had in a session, or last before it; the first that is known where it had none yet. */
export function labelOn(named: NamedTicker | undefined, date: string): string {
  const { labels, ticker } = named ?? { labels: [], ticker: "" };
  return (labels.findLast(({ from }) => from <= date) ?? labels[0])?.ticker ?? ticker;
}

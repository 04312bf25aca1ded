/** What can be found, in the order in which equally good answers stand. */
export const hitKinds = [
  "Ticker",
  "Action",
  "Page",
  "Job",
  "Run",
  "Backfill",
  "Scenario",
  "Watchlist",
  "Screen",
  "Model",
  "Test",
  "Column",
] as const;
type HitKind = (typeof hitKinds)[number];

/** One answer: what it is called, what there is to say of it, and where it leads. */
export type Hit = { kind: HitKind; label: string; note: string; href: string };

/** What one statement may take and give. Characters are those of its values. */
export const sqlLimits = {
  timeoutMs: 30_000,
  /** Of one process, so that they take no connection that pages and builds wait for. */
  atOnce: 3,
  longestText: 100_000,
  rows: 10_000,
  /** On a page or in an answer; more end the statement. */
  characters: 8_000_000,
  widest: 10_000,
  csvRows: 1_000_000,
  /** What a spreadsheet takes in one cell is 32,767. */
  csvWidest: 32_000,
  savedQueries: 1000,
} as const;

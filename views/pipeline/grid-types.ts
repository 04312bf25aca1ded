/** A step of a run: its batches counted, and the state among them that says most. */
export type GridCell = { state: string; done: number; total: number; ms: number | null };

/** One column. Times in milliseconds since 1970, `ms` how long it took or has been taking. */
export type GridRun = {
  id: number;
  state: string;
  trigger: string;
  backfillId: number | null;
  /** Events that it claimed. */
  events: number;
  /** The sessions that it covers, or that its events came from. */
  first: string | null;
  last: string | null;
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  ms: number | null;
  /** By step; fewer than the job has tasks where an older version had more. */
  cells: GridCell[];
};

export type GridJob = {
  id: string;
  title: string;
  tasks: { name: string; description: string; isMapped: boolean }[];
  /** Oldest first. */
  runs: GridRun[];
};

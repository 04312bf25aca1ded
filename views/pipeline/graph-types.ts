/** One thing that data passes through, as the graph shows it. */
export type GraphNode = {
  id: string;
  kind: "market" | "job" | "dataset" | "source" | "model";
  /** In full, as people write it. */
  name: string;
  /** As short as it is told apart. */
  title: string;
  /** Where it is, or of what sort. */
  place: string;
  description: string;
  href: string;
  /** 0: the pipeline; 1: the dbt project that its transform builds; 2: the people's own models on it. */
  band: number;
  state: string;
  /** In other words than the state's own. */
  stateLabel: string | null;
  /** The run that the state is of. */
  stateRunId: number | null;
  paused: boolean;
  queued: number;
  running: number;
  failed: number;
  /** Events that nobody has claimed. */
  waiting: number;
  lastSuccess: { runId: number; at: Date } | null;
  rows: { count: number; isEstimate: boolean } | null;
  /** Events ever recorded, of a dataset. */
  events: number | null;
  /** Data tests of the last build. */
  tests: { all: number; passed: number; warned: number; failed: number; skipped: number } | null;
};

/** What leads from one thing to the next. */
export type GraphEdge = {
  from: string;
  to: string;
  /**
   * A job fetches from the market, records events for a dataset, is woken by one, begins its build with a source; a model
   * reads a source or another model.
   */
  kind: "fetches" | "records" | "wakes" | "begins" | "reads";
  /** The last event that went this way, when, and the run that recorded or claimed it. */
  event: { id: number; at: Date; runId: number } | null;
  /** Events that wait to go this way, and since when. */
  waiting: number;
  waitingSince: Date | null;
};

export type GraphView = {
  now: Date;
  nodes: GraphNode[];
  edges: GraphEdge[];
  /** Whether anything changes by itself now. */
  isWorking: boolean;
  choice: GraphChoice;
  /** What can be chosen. */
  jobs: { id: string; title: string }[];
  models: { id: string; title: string }[];
  /** Whether any of the nodes is of the people's own. */
  hasWorkspace: boolean;
  /** Why the dbt project could not be read; its models are left out then. */
  projectProblem: string | null;
};

/** What of the graph is shown, as it stands in the URL; empty where all is. */
export type GraphChoice = {
  /** Ids of nodes. */
  job: string;
  model: string;
  part: "" | "pipeline" | "models" | "workspace";
};

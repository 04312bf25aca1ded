/**
 * What a process does. `web` serves pages and the API; `schedule` looks for what is due, and does the chores that one process does for all;
 * `work` runs tasks and batches; `sweep` runs sweeps and backtests over the universe.
 */
export const roles = ["web", "schedule", "work", "sweep"] as const;

export type Role = (typeof roles)[number];

/** What every metric of Barline's own begins with. */
export const prefix = "barline_";

/** Seconds; from a task that only writes a line to a build of years. */
export const taskBuckets = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
/** Seconds; from a run of one session to a backfill's at five calls a minute. */
export const runBuckets = [0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 14_400];
/** Seconds; a call is a second or two over a slow line, and is given up after thirty. */
export const callBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds; at five calls a minute most calls wait. */
export const waitBuckets = [0.001, 0.01, 0.1, 0.5, 1, 5, 15, 30, 60, 120];
/** Seconds; a page is to take less than fifty milliseconds. */
export const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/**
 * Keys of the advisory locks, all in one place so that no two are the same. Any numbers will do, as long as every Barline
 * process uses the same ones. A class is the first of two keys, its second says of what.
 */
export const lockKeys = {
  /** One process migrates. */
  migration: 4_207_001,
  /** Class, by process: shows that it lives. */
  processClass: 4_207_002,
  /** Writers of the raw tables go one after the other. */
  rawTables: 4_207_003,
  /** The process that started the embedded server, and will stop it. */
  embeddedOwner: 4_207_004,
  /** Class: the process that looks at the schedules. */
  leaderClass: 4_207_005,
  /** Log lines get their ids in the order in which they commit. */
  logOrder: 4_207_006,
  /** Class, by kind: one process reads reference data. */
  referenceClass: 4_207_007,
  /** One process removes old records. */
  housekeeping: 4_207_008,
  /** One process at a time looks for problems to tell of. */
  alerts: 4_207_009,
  /** One process at a time compares the password with its hash. */
  credentials: 4_207_010,
  /** One process at a time recomputes a sample of what is published. */
  drift: 4_207_011,
  /** One build of the models at a time. */
  build: 7_023_441_902,
  /** One build of the workspace at a time, beside that of the shipped models. */
  workspaceBuild: 4_207_012,
  /** The same of builds that only check the workspace, and publish nothing. */
  workspaceCheck: 4_207_013,
  /** Shared: builds of the workspace, which hold locks on what they read and end where a publication asks for these. */
  workspaceReader: 4_207_014,
  /** One publication at a time, of the market or of the workspace, puts relations in the place of others. */
  publication: 4_207_015,
} as const;

/** Something stands in the way of the start. The message is for people: it says what, and what to do. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** What a failed query says beyond its message. */
type DatabaseError = { code: string; message: string };

const hasCode = (error: unknown): error is DatabaseError =>
  error instanceof Error && "code" in error && typeof error.code === "string";

/** SQLSTATE classes that pass by themselves: connection lost, out of a resource (disk full too), operator intervention, I/O. */
const transientClasses = ["08", "53", "57", "58"];
/**
 * Single states: serialization failure, deadlock, lock not available, a transaction cut off while the machine slept, a server that
 * is read-only for a while, as in a failover or with a full disk.
 */
const transientStates = ["40001", "40P01", "55P03", "25P03", "25P04", "25006"];
/** What Citus says, by no state of its own, where a worker is lost on the way of a transaction. */
const lostWorker = /^(failure on connection marked as essential|failed to (COPY to shard|prepare|commit))/i;
const internalError = "XX000";

/** What postgres.js and the system call a lost or refused connection. */
const connectionCodes = [
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOTFOUND",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
];
/** `57014` is a cancelled query: somebody asked for it, so it is no accident to be repeated. */
const queryCancelled = "57014";

/** Whether something still depends on what was to be dropped. */
export const hasDependents = (error: unknown): boolean => hasCode(error) && error.code === "2BP01";

/** Whether a database error may pass by itself, by SQLSTATE (PostgreSQL manual, appendix A) or by the driver's own codes. */
export function isTransientDatabaseError(error: unknown): boolean {
  if (!hasCode(error) || error.code === queryCancelled) return false;
  if (error.code.startsWith("CONNECTION_") || connectionCodes.includes(error.code)) return true;
  return (
    transientStates.includes(error.code) ||
    (error.code === internalError && lostWorker.test(error.message)) ||
    transientClasses.some((prefix) => error.code.length === 5 && error.code.startsWith(prefix))
  );
}

/** Whether a write was refused as the server only reads. */
export function isReadOnlyServer(error: unknown): boolean {
  return hasCode(error) && error.code === "25006";
}

/** Whether the server ended the query because it was told to (statement timeout, cancel). */
export function isQueryCancelled(error: unknown): boolean {
  return hasCode(error) && error.code === queryCancelled;
}

/** Whether a row was refused because another one has the same key. */
export function isUniqueViolation(error: unknown): boolean {
  return hasCode(error) && error.code === "23505";
}

/** Whether a text was sent that no database can hold: one with a NUL byte. */
export function isUnstorableText(error: unknown): boolean {
  return hasCode(error) && error.code === "22021";
}

/** Whether a table is not there: nothing has been published yet, or not by a build that has it. */
export function isUndefinedTable(error: unknown): boolean {
  return hasCode(error) && error.code === "42P01";
}

/** SQLSTATE classes of what a query itself did wrong: cardinality, data, routines, syntax and names, raised by hand, beyond what is supported. */
const statementClasses = ["0A", "21", "22", "2F", "38", "39", "42", "54", "P0"];

/** What the database says of a query that cannot be answered as it is written; null where the error is of another kind. */
export function statementError(error: unknown): string | null {
  if (!hasCode(error) || isUnstorableText(error)) return null;
  return error.code.length === 5 && statementClasses.includes(error.code.slice(0, 2)) ? error.message : null;
}

/** Whether the server did not let a login in: its password is another, or it may not sign in there (class 28). */
export function isWrongPassword(error: unknown): error is DatabaseError {
  return hasCode(error) && error.code.length === 5 && error.code.startsWith("28");
}

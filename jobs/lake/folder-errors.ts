import { PermanentError, RetryableError } from "../orchestrator/errors.ts";

/** Faults of the moment: a full or failing disk, a limit that is reached for now, a file that somebody else holds. */
const RETRYABLE = new Map([
  ["ENOSPC", "the disk is full"],
  ["EDQUOT", "the disk quota is used up"],
  ["EIO", "the disk reports an input/output error"],
  ["EMFILE", "too many files are open"],
  ["ENFILE", "too many files are open"],
]);

/** Faults that stay until a person acts. */
const PERMANENT = new Map([
  ["EACCES", "access is denied"],
  ["EPERM", "access is denied"],
  ["EROFS", "the file system is read-only"],
  ["ENOTDIR", "an object already has the name that the key needs for a folder"],
  ["EISDIR", "a folder already has the key's name"],
  ["ENAMETOOLONG", "the path is too long for this file system"],
  ["ELOOP", "symbolic links lead in a circle"],
]);

/** The operating system's code of an error (`ENOENT`), where it has one. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/**
 * Turns a file system's error into one of the two roots; what is no file system error comes back as it is.
 * A code that neither list knows is retried: the number of tries bounds the cost of being wrong.
 */
export function folderError(error: unknown, action: string): unknown {
  const code = errorCode(error);
  if (code === undefined || error instanceof RetryableError || error instanceof PermanentError) return error;
  const permanent = PERMANENT.get(code);
  if (permanent !== undefined) {
    return new PermanentError(`The lake folder could not ${action}: ${permanent} (${code}).`, {
      cause: error,
      advice:
        "Check that DATA_DIR and what is in it belong to the user that runs Barline, and that nothing else writes there.",
    });
  }
  return new RetryableError(
    `The lake folder could not ${action}: ${RETRYABLE.get(code) ?? "the system answered"} (${code}).`,
    {
      cause: error,
      advice: "Check the free space and the health of the disk that holds DATA_DIR; the work goes on by itself then.",
      // Only a disk in need is waited for without end; what we do not know must run out of tries.
      outage: RETRYABLE.has(code),
    },
  );
}

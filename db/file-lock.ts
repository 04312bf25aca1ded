import { dlopen } from "bun:ffi";
import { closeSync, openSync } from "node:fs";
import { arch, platform } from "node:os";

/** An exclusive lock on a file. The system gives it back when the last process that has `fd` open is gone, however it ended. */
export type FileLock = { fd: number; release(): void };

/** Of flock(2), the same on Linux and macOS. */
const exclusive = 2;
const notWaiting = 4;

const libraries: Partial<Record<NodeJS.Platform, string[]>> = {
  linux: ["libc.so.6", `libc.musl-${arch() === "arm64" ? "aarch64" : "x86_64"}.so.1`],
  darwin: ["libSystem.B.dylib"],
};

/** Neither Bun nor Node offers flock(2), and the program of that name is not on every system. */
function openFlock(): (fd: number, operation: number) => number {
  const names = libraries[platform()] ?? [];
  for (const name of names) {
    try {
      return dlopen(name, { flock: { args: ["i32", "i32"], returns: "i32" } }).symbols.flock;
    } catch {
      // The other C library, then.
    }
  }
  throw new Error(`Files cannot be locked here: of ${names.join(", ") || platform()} none could be loaded.`);
}

let flock: ReturnType<typeof openFlock> | undefined;

/** Takes the lock of the file at `path`, which is made where it is missing; null where another process holds it. */
export function tryLockFile(path: string): FileLock | null {
  flock ??= openFlock();
  const fd = openSync(path, "a+", 0o600);
  if (flock(fd, exclusive | notWaiting) !== 0) {
    closeSync(fd);
    return null;
  }
  return { fd, release: () => closeSync(fd) };
}

import { expect, test } from "bun:test";
import { isTransientDatabaseError } from "../../db/errors.ts";

const failure = (code: string, message: string) => Object.assign(new Error(message), { code });

test("a worker that Citus lost on the way passes by itself, and no other internal error does", () => {
  for (const message of [
    "failure on connection marked as essential: 127.0.0.1:7751",
    "failed to COPY to shard 102017 on 127.0.0.1:7752",
    "failed to prepare transaction on 127.0.0.1:7752",
  ]) {
    expect(isTransientDatabaseError(failure("XX000", message))).toBe(true);
  }
  expect(isTransientDatabaseError(failure("XX000", "cache lookup failed for relation 16384"))).toBe(false);
  expect(isTransientDatabaseError(failure("42P01", "failed to commit"))).toBe(false);
});

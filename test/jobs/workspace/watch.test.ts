import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fingerprintOf, watchFolder } from "../../../jobs/workspace/watch.ts";

const dir = mkdtempSync(join(tmpdir(), "barline-watch-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** A watch over a folder whose timers go off only when they are told to. */
function watched(folder: string) {
  let due: (() => void) | undefined;
  let changes = 0;
  const errors: unknown[] = [];
  const watch = watchFolder({
    dir: folder,
    changed: async () => {
      changes++;
      if (changes === 3) throw new Error("the third fails");
    },
    failed: (error) => errors.push(error),
    later: (what) => {
      due = what;
      return () => {
        due = undefined;
      };
    },
  });
  return { watch, errors, changes: () => changes, isWaiting: () => due !== undefined };
}

describe("a watch", () => {
  test("tells of the first look, of each change, and of nothing else", async () => {
    const folder = join(dir, "first");
    mkdirSync(folder);
    writeFileSync(join(folder, "a.ts"), "1");
    const { watch, changes, errors } = watched(folder);
    await watch.look();
    await watch.look();
    expect(changes()).toBe(1);
    writeFileSync(join(folder, "a.ts"), "22");
    await watch.look();
    expect(changes()).toBe(2);
    mkdirSync(join(folder, "lib"));
    await watch.look();
    expect(changes()).toBe(2);
    writeFileSync(join(folder, "lib", "b.ts"), "1");
    await watch.look();
    await watch.look();
    expect(changes()).toBe(3);
    expect(errors).toHaveLength(1);
    rmSync(join(folder, "a.ts"));
    await watch.look();
    expect(changes()).toBe(4);
    await watch.stop();
  });

  test("looks again by itself, until it is stopped", async () => {
    const { watch, isWaiting, changes } = watched(join(dir, "nowhere"));
    expect(isWaiting()).toBe(true);
    await watch.stop();
    expect(isWaiting()).toBe(false);
    await watch.look();
    expect(changes()).toBe(0);
  });
});

test("a fingerprint tells a file that was written anew with as many characters", async () => {
  const folder = join(dir, "same");
  mkdirSync(folder);
  writeFileSync(join(folder, "a.sql"), "one");
  const before = await fingerprintOf(folder);
  expect(await fingerprintOf(folder)).toBe(before);
  writeFileSync(join(folder, "a.sql"), "two");
  utimesSync(join(folder, "a.sql"), 1, 2);
  expect(await fingerprintOf(folder)).not.toBe(before);
});

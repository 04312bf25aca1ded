import { expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";

const folder = join(import.meta.dir, "../../public/styles");
/** What all pages share: the other sheets may add to it. */
const shared = new Set(["base.css"]);

/** A class that a rule styles wherever it stands: `.name {`, also with others before or after it. */
const bareClass = /^\.([a-z-]+)(?:,| \{)$/gm;

test("a class of one area's style sheet means nothing else in another's", async () => {
  const sheets = new Map<string, Set<string>>();
  for (const name of new Glob("*.css").scanSync(folder)) {
    if (shared.has(name)) continue;
    for (const [, bare = ""] of (await Bun.file(join(folder, name)).text()).matchAll(bareClass)) {
      sheets.set(bare, (sheets.get(bare) ?? new Set()).add(name));
    }
  }
  expect(sheets.size).toBeGreaterThan(100);
  const twice = [...sheets].filter(([, names]) => names.size > 1).map(([bare, names]) => [bare, [...names].sort()]);
  expect(twice).toEqual([]);
});

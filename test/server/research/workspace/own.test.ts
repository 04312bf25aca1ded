import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { sampleBars } from "../../../../server/backtest/checks/sample-bars.ts";
import { HttpError } from "../../../../server/http/errors.ts";
import { findListed, listStrategies, whyBroken } from "../../../../server/research/workspace/catalogue.ts";
import type { OwnStrategies } from "../../../../server/research/workspace/found.ts";
import { createOwnStrategies } from "../../../../server/research/workspace/own.ts";
import { strategyFile, zScore } from "./files.ts";

const dir = mkdtempSync(join(tmpdir(), "barline-strategies-"));
const at = new Date("2020-01-10T03:00:00Z");
let own: OwnStrategies;

const write = (name: string, text: string) => writeFileSync(join(dir, name), text);
const found = (name: string) => own.list().find(({ file }) => file === name);

beforeAll(() => {
  own = createOwnStrategies({
    ...{ dir, log: pino({ level: "silent" }), now: () => at },
    // Files that loop are ended after this; of what ends by itself none takes nearly as long.
    limits: { answerMs: 3000, memory: 300 * 2 ** 20 },
  });
});
afterAll(async () => {
  await own.stop();
  rmSync(dir, { recursive: true });
});

describe("a file of the workspace", () => {
  test("is found, described and checked, with what it imports of barline and of zod", async () => {
    write("z-score.ts", zScore);
    await own.look();
    expect(found("z-score.ts")).toMatchObject({
      state: "ok",
      id: "z_score",
      name: "Z-score",
      message: null,
      foundAt: at,
    });
    expect(found("z-score.ts")?.checks.map(({ id, passed }) => [id, passed])).toEqual([
      ["look-ahead", true],
      ["warm-up", true],
      ["repeatable", true],
      ["units", true],
    ]);
    const listed = findListed("z_score");
    expect(listed).toMatchObject({ scope: "ticker", name: "Z-score" });
    expect(listed?.parameters.parse({})).toEqual({ window: 20, threshold: 1 });
    expect(listed?.parameters.shape.window?.description).toBe("Sessions of the average.");
    expect(listed?.parameters.safeParse({ window: 1 }).error?.issues[0]?.message).toBe(
      "has to be a whole number from 2, up to 1000",
    );
  });

  test("runs in its worker, and says what it says of the bars", async () => {
    const listed = findListed("z_score");
    if (listed?.scope !== "ticker") throw new Error("it was not found");
    const configured = await listed.configure({ window: 10 });
    if (!configured.success) throw configured.error;
    expect(configured.strategy).toMatchObject({ id: "z_score", warmup: 9, parameters: { window: 10, threshold: 1 } });
    const bars = sampleBars(200);
    const { strategy, honesty } = await configured.strategy.evaluate(bars);
    const targets = strategy.signals(bars);
    expect(targets).toHaveLength(200);
    expect(new Set(targets)).toEqual(new Set([0, 1]));
    expect(strategy.panes(bars)[0]?.title).toBe("Z-score 10");
    expect(honesty().lookAhead.passed).toBe(true);
  });

  test("says itself whether parameters go together", async () => {
    write(
      "pair.ts",
      strategyFile({
        id: "pair",
        parameters: "{ short: sessions(1, 5, ''), long: sessions(1, 9, '') }",
        refine: ".superRefine(ordered('short', 'long'))",
      }),
    );
    await own.look();
    const configured = await findListed("pair")?.configure({ short: 9 });
    expect(configured?.success).toBe(false);
    expect(configured?.success === false && configured.error.issues[0]).toMatchObject({
      path: ["short"],
      message: "has to be less than long, which is 9; it is 9",
    });
  });

  test("that looks ahead can be used, and is marked with what was found", async () => {
    write("prophet.ts", strategyFile({ id: "prophet", decide: "at(close, session + 1) > at(close, session) ? 1 : 0" }));
    await own.look();
    expect(found("prophet.ts")?.state).toBe("ok");
    const [check] = found("prophet.ts")?.checks ?? [];
    expect(check).toMatchObject({ id: "look-ahead", passed: false });
    expect(check?.detail).toMatch(/^Of session \d+ it said 0 when/);
  });

  test("may choose from all tickers", async () => {
    write(
      "chooser.ts",
      `
      import { at, defineUniverseStrategy, z } from "barline";
      export default defineUniverseStrategy({
        id: "chooser", name: "Chooser", description: "The cheapest.",
        parameters: z.strictObject({ holdings: z.int().min(1).max(50).default(5).describe("Held.") }),
        lags: () => [5], holdings: ({ holdings }) => holdings, minimums: () => ({ price: 0, dollarVolume: 0 }),
        score: ({ close, returns: [since = close] }) => close.map((price, row) => -price * (1 + at(since, row))),
      });`,
    );
    await own.look();
    expect(found("chooser.ts")).toMatchObject({ state: "ok", scope: "universe" });
    const configured = await findListed("chooser")?.configure({});
    expect(configured?.success && configured.strategy).toMatchObject({ holdings: 5, lags: [5], warmup: 5 });
  });

  test("is read again when it or a file below the folder changes, and forgotten when it goes", async () => {
    mkdirSync(join(dir, "lib"));
    write("lib/rule.ts", "export const first = 3;");
    write("late.ts", strategyFile({ id: "late", head: 'import { first } from "./lib/rule.ts";', warmup: "first" }));
    await own.look();
    const warmupOf = async () => {
      const configured = await findListed("late")?.configure({});
      return configured?.success ? "warmup" in configured.strategy && configured.strategy.warmup : configured;
    };
    expect(await warmupOf()).toBe(3);
    write("lib/rule.ts", "export const first = 14;");
    await own.look();
    expect(await warmupOf()).toBe(14);
    rmSync(join(dir, "late.ts"));
    await own.look();
    expect(found("late.ts")).toBeUndefined();
    expect(findListed("late")).toBeUndefined();
  });

  test("gets none of the process's variables, and the one zod", async () => {
    process.env.BARLINE_TEST_SECRET = "s3cret";
    write(
      "curious.ts",
      strategyFile({
        id: "curious",
        head: 'import { z as other } from "zod";',
        name: '"Knows " + (process.env.BARLINE_TEST_SECRET ?? "nothing") + (other === z ? "" : " and another zod")',
      }),
    );
    await own.look();
    delete process.env.BARLINE_TEST_SECRET;
    expect(found("curious.ts")?.name).toBe("Knows nothing");
  });
});

describe("a broken file", () => {
  const broken: [name: string, text: string, line: number | null, message: RegExp][] = [
    ["throws.ts", '// one\n\nthrow new Error("not today");', 3, /not today/],
    ["typo.ts", "const a = ;", 1, /Unexpected ;/],
    ["nowhere.ts", '\nimport x from "nowhere";\nexport default x;', 2, /Cannot find package 'nowhere'/],
    ["unknown.ts", '\n\nimport { nothing } from "barline";\nexport default nothing;', 3, /'nothing' not found/],
    ["empty.ts", "export const a = 1;", null, /no default export/],
    ["other.ts", "export default { id: 1 };", null, /no strategy/],
    ["loop.ts", "while (true) {}\nexport default 1;", null, /did not answer within 3 seconds/],
    ["leaves.ts", "process.exit(0);\nexport default 1;", null, /ended its worker/],
    [
      "large.ts",
      "const all = [];\nwhile (true) all.push(new Float64Array(1e5).fill(1));\nexport default 1;",
      null,
      /more than 300 MB/,
    ],
    ["short.ts", strategyFile({ id: "short", signals: "() => new Int8Array(3)" }), 10, /one target a session/],
    [
      "fails.ts",
      strategyFile({ id: "fails", signals: "({ close }) => close.nothing.here" }),
      10,
      /undefined is not an object/,
    ],
    ["clash.ts", strategyFile({ id: "momentum" }), null, /that of a strategy that is shipped/],
    ["named.ts", strategyFile({ id: "Bad Id" }), 6, /lower-case letters/],
    [
      "words.ts",
      strategyFile({ id: "words", parameters: '{ kind: z.enum(["a", "b"]).default("a") }' }),
      9,
      /`kind` has to be a number/,
    ],
    ["zz-twice.ts", strategyFile({ id: "z_score" }), null, /that of z-score.ts already/],
  ];

  test("is told with its line and message, and hurts no other", async () => {
    for (const [name, text] of broken) write(name, text);
    await own.look();
    const told = broken.map(([name]) => [name, found(name)?.state, found(name)?.line]);
    expect(told).toEqual(broken.map(([name, , line]) => [name, "broken", line]));
    for (const [name, , , message] of broken) expect(found(name)?.message).toMatch(message);
    expect(found("z-score.ts")?.state).toBe("ok");
    expect(findListed("momentum")?.file).toBeNull();
    expect(listStrategies().map(({ id }) => id)).not.toContain("short");
  }, 30_000);

  test("that could be used before is refused by its name, with why", async () => {
    write("prophet.ts", "export default");
    await own.look();
    expect(findListed("prophet")).toBeUndefined();
    expect(whyBroken("prophet")).toMatch(/^prophet.ts, line 1: /);
  });

  test("of which a run loops is ended, answers why, and runs the next time", async () => {
    write(
      "sometimes.ts",
      strategyFile({
        id: "sometimes",
        head: "let turn = true;",
        decide: "(() => { while (close.length > 5000 && turn); return 1; })()",
      }),
    );
    await own.look();
    const configured = await findListed("sometimes")?.configure({});
    if (!configured?.success || !("evaluate" in configured.strategy)) throw new Error("it was not found");
    const { evaluate } = configured.strategy as { evaluate(bars: unknown): Promise<unknown> };
    const refused = evaluate(sampleBars(6000));
    expect(refused).rejects.toBeInstanceOf(HttpError);
    await expect(refused).rejects.toMatchObject({
      status: 422,
      code: "strategy_failed",
      details: { field: "strategy" },
    });
    await expect(refused).rejects.toThrow("`strategy` (sometimes) failed. It did not answer within 3 seconds");
    expect(await evaluate(sampleBars(100))).toMatchObject({ strategy: { id: "sometimes" } });
  }, 20_000);
});

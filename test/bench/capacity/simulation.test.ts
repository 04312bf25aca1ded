import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type CapacityFigures, costNames, readRecorded } from "./figures.ts";
import { createModel, growth, type Workload, yearSessions } from "./model.ts";
import {
  clusterEndsOf,
  clusterNightOf,
  diskOf,
  endsOf,
  firstOf,
  given,
  hotBytesOf,
  type Machine,
  nightOf,
  workerDiskOf,
  yearsOfBars,
} from "./simulation.ts";

const recorded = await readRecorded();

/** What was recorded, and figures of any noise. */
const figures: fc.Arbitrary<CapacityFigures> = fc.oneof(
  fc.constant(recorded),
  fc
    .array(
      fc.record({
        tickers: fc.integer({ min: 10, max: 10_000 }),
        sessions: fc.integer({ min: 10, max: 3000 }),
        costs: fc.record(
          Object.fromEntries(costNames.map((name) => [name, fc.double({ min: 0, max: 1e9, noNaN: true })])),
        ) as fc.Arbitrary<CapacityFigures["sizes"][number]["costs"]>,
        build: fc.record({
          seconds: fc.double({ min: 0.1, max: 1e5, noNaN: true }),
          barlinePeak: fc.constant(4e8),
          postgresPeak: fc.constant(null),
        }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((sizes) => ({ machine: recorded.machine, sizes })),
);
const workload: fc.Arbitrary<Workload> = fc.record({
  tickers: fc.integer({ min: 1, max: 100_000 }),
  years: fc.double({ min: 0.01, max: 60, noNaN: true }),
  barsASession: fc.constantFrom(1, 7, 78, 390),
});
const machine: fc.Arbitrary<Machine> = fc.record({
  cores: fc.integer({ min: 1, max: 64 }),
  memoryBytes: fc.double({ min: 1e9, max: 1e12, noNaN: true }),
  diskBytes: fc.double({ min: 1e9, max: 1e14, noNaN: true }),
});
const more = fc.double({ min: 1, max: 20, noNaN: true });
/** Sums of other sizes in another order differ in their last digits. */
const atLeast = (one: number, other: number) => one >= other * (1 - 1e-9) - 1e-9;

describe("more bars", () => {
  test("never cost less, of any kind, by whichever way there are more", () => {
    fc.assert(
      fc.property(figures, workload, more, (measured, small, times) => {
        const model = createModel(measured);
        const larger: Workload[] = [
          { ...small, tickers: Math.ceil(small.tickers * times) },
          { ...small, years: small.years * times },
          { ...small, barsASession: small.barsASession * times },
        ];
        for (const large of larger) {
          for (const name of costNames)
            expect(atLeast(model.costOf(name, large), model.costOf(name, small))).toBe(true);
          expect(atLeast(diskOf(model, large).atRefresh, diskOf(model, small).atRefresh)).toBe(true);
          expect(atLeast(hotBytesOf(model, large), hotBytesOf(model, small))).toBe(true);
        }
      }),
    );
  });

  test("never last longer on a machine", () => {
    fc.assert(
      fc.property(figures, workload, machine, more, (measured, { years: _, ...small }, one, times) => {
        const model = createModel(measured);
        const large = { ...small, tickers: Math.ceil(small.tickers * times) };
        expect(firstOf(endsOf(model, large, one)).years).toBeLessThanOrEqual(firstOf(endsOf(model, small, one)).years);
      }),
    );
  });
});

describe("a larger machine", () => {
  test("never ends earlier, by anything", () => {
    fc.assert(
      fc.property(figures, workload, machine, more, (measured, { years: _, ...market }, small, times) => {
        const model = createModel(measured);
        const large = {
          cores: Math.ceil(small.cores * times),
          memoryBytes: small.memoryBytes * times,
          diskBytes: small.diskBytes * times,
        };
        const [one, other] = [endsOf(model, market, small), endsOf(model, market, large)];
        for (const end of ["disk", "night", "memory"] as const) expect(other[end]).toBeGreaterThanOrEqual(one[end]);
      }),
    );
  });
});

describe("more workers", () => {
  test("never hold less, and never hold more on each or take longer", () => {
    fc.assert(
      fc.property(figures, workload, machine, fc.integer({ min: 1, max: 63 }), (measured, asked, worker, workers) => {
        const model = createModel(measured);
        const [few, many] = [workers, workers + 1].map((count) => ({ workers: count, worker }));
        if (!few || !many) throw new Error("Both are there.");
        const { years: _, ...market } = asked;
        const [one, other] = [clusterEndsOf(model, market, few), clusterEndsOf(model, market, many)];
        for (const end of ["disk", "night", "memory"] as const) expect(other[end]).toBeGreaterThanOrEqual(one[end]);
        expect(atLeast(workerDiskOf(model, asked, few), workerDiskOf(model, asked, many))).toBe(true);
        expect(atLeast(clusterNightOf(model, asked, few).all, clusterNightOf(model, asked, many).all)).toBe(true);
      }),
    );
  });
});

describe("figures that grow as they are said to", () => {
  /** 100 B a raw bar, a microsecond a bar of each step, nothing else; half of a build on one core. */
  const exact: CapacityFigures = {
    machine: { cpus: 2, memoryBytes: 8e9, runtime: "Bun" },
    sizes: [1000, 4000].map((tickers) => {
      const bars = tickers * yearSessions;
      const none = Object.fromEntries(costNames.map((name) => [name, 0])) as CapacityFigures["sizes"][number]["costs"];
      return {
        tickers,
        sessions: yearSessions,
        costs: { ...none, raw: 100 * bars, windows: 400 * bars, build: 1e-6 * bars },
        build: { seconds: 0.75e-6 * bars, barlinePeak: 3e8, postgresPeak: 7e8 },
      };
    }),
  };
  const model = createModel(exact);
  const market = { tickers: 10_000, barsASession: 1 };
  const bars = market.tickers * yearSessions;

  test("are found again for a market of another size, year and bar", () => {
    expect(model.costOf("raw", { ...market, years: 10 })).toBeCloseTo(1000 * bars, -3);
    expect(model.costOf("raw", { ...market, years: 1, barsASession: 390 })).toBeCloseTo(39_000 * bars, -3);
    expect(model.serialShare).toBeCloseTo(0.5, 9);
    expect(model.workingBytes).toBe(1e9);
  });

  test("need the facts twice during a full refresh, and the log that is kept", () => {
    const { atRest, atRefresh } = diskOf(model, { ...market, years: 1 });
    expect(atRest).toBeCloseTo(500 * bars + 2 ** 30, -3);
    expect(atRefresh - atRest).toBeCloseTo(400 * bars, -3);
    expect(hotBytesOf(model, { ...market, years: 10 })).toBeCloseTo(500 * bars, -3);
  });

  test("take what one core does, and the rest on all that a query uses", () => {
    const refresh = (cores: number) =>
      nightOf(model, { ...market, years: 1 }, { cores, memoryBytes: 0, diskBytes: 0 }).refresh;
    expect(refresh(2)).toBeCloseTo(1e-6 * bars * (0.5 + 0.5 / 2), 9);
    expect(refresh(64)).toBeCloseTo(1e-6 * bars * (0.5 + 0.5 / given.mostCores), 9);
  });

  test("end where the disk, the night or the memory does, whichever is first", () => {
    const large: Machine = { cores: 8, memoryBytes: 1e12, diskBytes: 1e15 };
    const yearBytes = 900 * bars;
    const disk = { ...large, diskBytes: (2 ** 30 + 5 * yearBytes) / 0.9 };
    expect(firstOf(endsOf(model, market, disk))).toEqual({ years: 5, by: "disk" });
    const memory = { ...large, memoryBytes: 1e9 + 250 * bars };
    expect(firstOf(endsOf(model, market, memory))).toEqual({ years: 0.5, by: "memory" });
    expect(firstOf(endsOf(model, market, large)).by).toBeNull();
    const many = { tickers: 10_000, barsASession: 390 };
    expect(firstOf(endsOf(model, many, { ...large, cores: 1 })).by).toBe("night");
    expect(yearsOfBars(model, market, disk)).toBe(45);
  });

  test("on one worker cost what Citus adds, and on many the coordinator's part is left", () => {
    const worker: Machine = { cores: 2, memoryBytes: 8e9, diskBytes: 1e12 };
    const year = { ...market, years: 1 };
    const alone = 1e-6 * bars * 1.17;
    const [one, many] = [1, 1000].map((workers) => clusterNightOf(model, year, { workers, worker }).refresh);
    expect(one).toBeCloseTo(alone * (0.12 + 0.88) * 0.75, 9);
    expect(many).toBeCloseTo(alone * (0.12 + 0.88 / 1000) * 0.75, 9);
  });
});

test("each cost grows with something", () => {
  for (const name of costNames) expect(growth[name].length).toBeGreaterThan(0);
});

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { figureDefinitions, relativeDefinitions } from "../../../server/backtest/tear-sheet/definitions.ts";
import { measureTearSheet } from "../../../server/backtest/tear-sheet/tear-sheet.ts";
import { goldenCurves, rollingStep } from "./curves.ts";

type Numbers = Record<string, number | null>;
type Source = "quantstats" | "empyrical" | "formula";
type Measured = {
  name: string;
  run: MeasuredCurve;
  benchmark: MeasuredCurve;
  relative: Record<Source, Numbers>;
  rolling: Record<"sharpe" | "volatility" | "beta", (number | null)[]>;
};
type MeasuredCurve = Record<Source, Numbers> & {
  distributions: Record<string, Numbers>;
  drawdowns: object[];
  months: number[];
  years: number[];
};

/** `bun run tear-sheets` writes it anew. */
const measured: Measured[] = JSON.parse(readFileSync(join(import.meta.dir, "measured.json"), "utf8"));
const curves = goldenCurves();
const sources: readonly Source[] = ["quantstats", "empyrical", "formula"];
const tolerance = 1e-9;

/** Numbers that differ by rounding alone are the others' own, so that what is left differs by more. */
function leveled(own: unknown, other: unknown): unknown {
  if (typeof own === "number" && typeof other === "number") {
    return Math.abs(own - other) <= tolerance * Math.max(1, Math.abs(other)) ? other : own;
  }
  if (typeof own !== "object" || typeof other !== "object" || own === null || other === null) return own;
  if (Array.isArray(own) && Array.isArray(other)) return own.map((value, index) => leveled(value, other[index]));
  return Object.fromEntries(
    Object.entries(own).map(([name, value]) => [name, leveled(value, Reflect.get(other, name))]),
  );
}

function expectEqual(own: unknown, other: unknown): void {
  expect(leveled(own, other)).toEqual(other);
}

const pick = (values: object, names: object) =>
  Object.fromEntries(Object.keys(names).map((name) => [name, Reflect.get(values, name)]));

const everyStep = (values: Float64Array | null | undefined) =>
  [...(values ?? [])]
    .filter((_, session) => session % rollingStep === 0)
    .map((value) => (Number.isNaN(value) ? null : value));

describe.each(curves.map((curve, index) => [curve.name, curve, measured[index]] as const))(
  "a tear sheet of %s",
  (name, curve, other) => {
    const sheet = measureTearSheet(
      { dates: curve.dates, equity: Float64Array.from(curve.equity), exposure: 0.5 },
      { equity: Float64Array.from(curve.reference), knownBy: "session" },
      curve,
    );

    test("is of the curves that the libraries measured", () => {
      expect(other?.name).toBe(name);
    });

    test.each(sources)("has the figures that %s gives, of the run and of the benchmark", (source) => {
      for (const key of ["run", "benchmark"] as const) {
        const given = other?.[key][source] ?? {};
        expectEqual(pick(sheet[key]?.figures ?? {}, given), given);
      }
      const given = other?.relative[source] ?? {};
      expectEqual(pick(sheet.relative ?? {}, given), given);
    });

    test("has periods, quantiles and drawdowns as they are there", () => {
      for (const key of ["run", "benchmark"] as const) {
        const own = sheet[key];
        const given = other?.[key];
        expectEqual(
          own?.months.map((month) => month.return),
          given?.months,
        );
        expectEqual(
          own?.years.map((year) => year.return),
          given?.years,
        );
        expectEqual(own?.distributions, given?.distributions);
        expectEqual(own?.drawdowns, given?.drawdowns);
      }
    });

    test("has rolling figures as QuantStats has them", () => {
      // A half year without a position has no Sharpe ratio, whatever rounding leaves of its deviation.
      expectEqual(everyStep(sheet.run.rolling?.sharpe), other?.rolling.sharpe);
      expectEqual(everyStep(sheet.run.rolling?.volatility), other?.rolling.volatility);
      expectEqual(everyStep(sheet.rollingBeta), other?.rolling.beta);
    });
  },
);

test("every figure is compared with one of the libraries, or with its formula, as its source says", () => {
  const known = (of: (one: Measured) => Record<Source, Numbers>, source: Source) =>
    new Set(measured.flatMap((one) => Object.keys(of(one)[source])));
  for (const [definitions, of] of [
    [figureDefinitions, (one: Measured) => one.run],
    [relativeDefinitions, (one: Measured) => one.relative],
  ] as const) {
    for (const [name, { source }] of Object.entries(definitions)) {
      expect({ name, isCompared: known(of, source === "own" ? "formula" : source).has(name) }).toEqual({
        name,
        isCompared: true,
      });
    }
  }
});

test("the comparison tells what differs, but not rounding", () => {
  expectEqual({ a: 1 + 1e-12, b: [null, 2] }, { a: 1, b: [null, 2] });
  expect(() => expectEqual({ a: 1.1 }, { a: 1 })).toThrow();
  expect(() => expectEqual({ a: null }, { a: 1 })).toThrow();
});

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { judge, medianRatios, type Ratios, ratiosOf, type Verdict } from "./check.ts";
import type { RunningOptions } from "./running.ts";
import { measureYear } from "./year.ts";

/** What is held to: ratios to the floor, and of what market, as a smaller one costs more a row. */
const recordedFile = fileURLToPath(new URL("recorded.json", import.meta.url));
const recordedShape = z.strictObject({
  tickers: z.number(),
  sessions: z.number(),
  ratios: z.strictObject({ load: z.number(), transform: z.number(), all: z.number() }),
});

export type CheckOptions = RunningOptions & { folder: string; smallTickers: number; sessions: number };

/** One run in three may be disturbed. */
const runs = 3;

/**
 * Measures the small year and its floor three times in processor seconds, and holds the ratios to what is recorded, or records them. The
 * verdict says what is wrong where the results are, where the system tells no processor time, or where another market is recorded.
 */
export async function runCheck(options: CheckOptions, record: boolean): Promise<Verdict> {
  const { folder, smallTickers: tickers, sessions } = options;
  const recorded = recordedShape.parse(await Bun.file(recordedFile).json());
  if (!record && (recorded.tickers !== tickers || recorded.sessions !== sessions))
    return fails(`What is recorded is of ${recorded.tickers} tickers × ${recorded.sessions} sessions.`);
  const measured: Ratios[] = [];
  for (let run = 0; run < runs; run += 1) {
    const year = { ...options, size: { tickers, sessions }, readers: 0, onTop: null, peer: false };
    const { report } = await measureYear(year, join(folder, "small-year"));
    if (report.problems.length > 0) return fails(...report.problems);
    if (report.processor === null) return fails("This system does not tell processor time: there is no /proc.");
    measured.push(ratiosOf(report.processor));
    options.say(JSON.stringify(report.processor));
  }
  if (!record) return judge(measured, recorded.ratios);
  const ratios = rounded(medianRatios(measured));
  await Bun.write(recordedFile, `${JSON.stringify({ tickers, sessions, ratios }, null, 2)}\n`);
  return { passes: true, sentences: [`Recorded: ${JSON.stringify(ratios)}.`] };
}

const fails = (...sentences: string[]): Verdict => ({ passes: false, sentences });

const rounded = ({ load, transform, all }: Ratios): Ratios => ({
  load: Number(load.toFixed(3)),
  transform: Number(transform.toFixed(3)),
  all: Number(all.toFixed(3)),
});

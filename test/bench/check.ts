/** Of one year: processor seconds of Barline and its server, and of the least that the same work takes, in the same run. */
export type ProcessorSeconds = { barline: Parts; floor: Parts };

/** `load` is all up to the end of the last load, or COPY; `transform` what comes after it, or the models by hand. */
type Parts = { load: number; transform: number };

/** How many times the floor's processor seconds each part takes: rows a processor second, whatever the machine. */
export type Ratios = Parts & { all: number };

export type Verdict = { passes: boolean; sentences: string[] };

/** A part of this much worse than what is recorded is a regression: what runs differ by of themselves is less. */
const tolerance = 0.1;

const names: Record<keyof Ratios, string> = {
  load: "Ingest and load",
  transform: "The transform",
  all: "All of the work",
};

export function ratiosOf({ barline, floor }: ProcessorSeconds): Ratios {
  return {
    load: barline.load / floor.load,
    transform: barline.transform / floor.transform,
    all: (barline.load + barline.transform) / (floor.load + floor.transform),
  };
}

/** Of each part the ratio in the middle of some runs. */
export function medianRatios(runs: readonly Ratios[]): Ratios {
  const middle = (part: keyof Ratios) =>
    runs.map((run) => run[part]).sort((a, b) => a - b)[Math.floor(runs.length / 2)] ?? Number.NaN;
  return { load: middle("load"), transform: middle("transform"), all: middle("all") };
}

/** Holds what some runs measured to what is recorded, a sentence a part. A ratio that is no number does not pass. */
export function judge(runs: readonly Ratios[], recorded: Ratios): Verdict {
  const measured = medianRatios(runs);
  const parts = (Object.keys(names) as (keyof Ratios)[]).map((part) => {
    // As rows a processor second: a ratio of 1 where 0.9 was is 10 % fewer rows, not 11 %.
    const change = recorded[part] / measured[part] - 1;
    const passes = change >= -tolerance;
    const percent = `${Math.abs(change * 100).toFixed(0)} % ${change < 0 ? "fewer" : "more"} rows a processor second`;
    const held = `${measured[part].toFixed(2)} times the floor, recorded ${recorded[part].toFixed(2)}: ${percent}`;
    return { passes, sentence: `${names[part]}: ${held}${passes ? "." : `, and ${tolerance * 100} % are allowed.`}` };
  });
  return { passes: parts.every((part) => part.passes), sentences: parts.map((part) => part.sentence) };
}

import { expect } from "bun:test";

/** One sample of Prometheus' text format. */
export type Sample = { name: string; labels: Record<string, string>; value: number };

const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const samplePattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)",?/y;

/**
 * Reads the text as Prometheus does, by its exposition format 0.0.4, and asserts what `promtool check metrics` asks besides:
 * HELP and TYPE before each metric and once, no sample twice, counters that end in `_total`, whole histograms.
 */
export function parseExposition(text: string): Sample[] {
  expect(text).toEndWith("\n");
  const help = new Map<string, string>();
  const types = new Map<string, string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  for (const line of text.split("\n").filter(Boolean)) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment) {
      const [, kind, name = "", rest = ""] = comment;
      const known = kind === "HELP" ? help : types;
      if (!namePattern.test(name) || known.has(name)) throw new Error(`Twice, or badly named: ${line}`);
      known.set(name, rest);
      continue;
    }
    const sample = parseSample(line);
    const family = familyOf(sample.name, types);
    if (!help.has(family) || !types.has(family)) throw new Error(`Without HELP or TYPE: ${line}`);
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (seen.has(key)) throw new Error(`Twice: ${line}`);
    seen.add(key);
    samples.push(sample);
  }
  for (const [name, type] of types) {
    if (type === "counter") expect(name).toEndWith("_total");
    else expect(name).not.toMatch(/_(total|count|sum|bucket)$/);
    if (type === "histogram") expectWholeHistogram(samples, name);
  }
  return samples;
}

function parseSample(line: string): Sample {
  const match = samplePattern.exec(line);
  if (!match) throw new Error(`No sample: ${line}`);
  const [, name = "", inside = "", number = ""] = match;
  const labels: Record<string, string> = {};
  labelPattern.lastIndex = 0;
  while (labelPattern.lastIndex < inside.length) {
    const label = labelPattern.exec(inside);
    if (!label) throw new Error(`Bad labels: ${line}`);
    labels[label[1] ?? ""] = (label[2] ?? "").replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
  }
  const value = number === "+Inf" ? Number.POSITIVE_INFINITY : Number(number);
  if (Number.isNaN(value)) throw new Error(`No number: ${line}`);
  return { name, labels, value };
}

/** The metric that a sample belongs to: a histogram's parts have names of their own. */
function familyOf(name: string, types: Map<string, string>): string {
  const base = name.replace(/_(bucket|sum|count)$/, "");
  return types.get(base) === "histogram" ? base : name;
}

function expectWholeHistogram(samples: Sample[], name: string): void {
  const buckets = Map.groupBy(
    samples.filter((sample) => sample.name === `${name}_bucket`),
    ({ labels: { le: _, ...rest } }) => JSON.stringify(Object.entries(rest).sort()),
  );
  for (const [key, list] of buckets) {
    const values = list.map((sample) => sample.value);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    expect(list.at(-1)?.labels.le).toBe("+Inf");
    const count = samples.find(
      (sample) => sample.name === `${name}_count` && JSON.stringify(Object.entries(sample.labels).sort()) === key,
    );
    expect(count?.value).toBe(list.at(-1)?.value ?? Number.NaN);
  }
}

/** The value of the one sample of this name with these labels among its own; undefined where there is none. */
export function readSample(samples: Sample[], name: string, labels: Record<string, string> = {}): number | undefined {
  return samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
  )?.value;
}

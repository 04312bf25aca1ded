import { Decimal } from "../../jinja/decimal.ts";
import { toJson } from "../../jinja/filters/json.ts";
import { parseJson } from "../../jinja/json.ts";
import { whole } from "../../jinja/numbers.ts";
import { floatText, str } from "../../jinja/text.ts";
import { Delta, microsecondsOfDay } from "../../jinja/times/delta.ts";
import { DateTime, PlainDate, PlainTime } from "../../jinja/times/moment.ts";
import { parseOffset } from "../../jinja/times/strptime.ts";
import { FixedZone } from "../../jinja/times/zone.ts";
import { Dict, Float, fail, type Value } from "../../jinja/values.ts";

/** How the driver of dbt-postgres reads what Postgres writes of a type. */
type Reader = (text: string) => Value;

const readFloat: Reader = (text) => new Float(text === "NaN" ? Number.NaN : Number(text));
const readDecimal: Reader = (text) => Decimal.parse(text) ?? fail(`'${text}' is no number`);

const lastDay = new PlainDate(9999, 12, 31);
const firstDay = new PlainDate(1, 1, 1);
const lastClock = { hour: 23, minute: 59, second: 59, microsecond: 999_999 };

function readDate(text: string): PlainDate {
  if (text === "infinity") return lastDay;
  if (text === "-infinity") return firstDay;
  const [, year, month, day] =
    /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? fail(`a template has no date like ${text}: years go from 1 to 9999`);
  return new PlainDate(Number(year), Number(month), Number(day));
}

function readClock(text: string) {
  const [, hour, minute, second, fraction = ""] = /^(\d\d):(\d\d):(\d\d)(?:\.(\d+))?/.exec(text) ?? [];
  return {
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    microsecond: Number(fraction.padEnd(6, "0")),
  };
}

/** The zone that is written after a clock: `+00`, `+05:30`. */
function readZone(text: string): FixedZone | undefined {
  const found = /[-+]\d\d(?::\d\d)*$/.exec(text)?.[0];
  return found === undefined ? undefined : new FixedZone(parseOffset(found.length === 3 ? `${found}:00` : found));
}

const readMoment =
  (zoned: boolean): Reader =>
  (text) => {
    const zone = zoned ? (readZone(text.slice(10)) ?? new FixedZone(0)) : undefined;
    if (text === "infinity") return new DateTime(9999, 12, 31, lastClock, zone);
    if (text === "-infinity") return new DateTime(1, 1, 1, undefined, zone);
    const [date = "", clock = ""] = text.split(" ");
    const { year, month, day } = readDate(text.endsWith("BC") ? text : date);
    return new DateTime(year, month, day, readClock(clock), zone);
  };

const readTime: Reader = (text) => {
  const clock = readClock(text);
  // The end of a day is its beginning to Python.
  return new PlainTime({ ...clock, hour: clock.hour % 24, zone: readZone(text) });
};

/** A year counts as 365 days and a month as 30, which the driver does too. */
const readInterval: Reader = (text) => {
  const daysOf = { year: 365n, mon: 30n, day: 1n };
  let total = 0n;
  for (const [, count = "", unit] of text.matchAll(/([-+]?\d+) (year|mon|day)s?/g)) {
    total += BigInt(count.replace("+", "")) * daysOf[unit as keyof typeof daysOf] * microsecondsOfDay;
  }
  const [, sign, hours = 0, minutes = 0, seconds = 0, fraction = ""] =
    /([-+]?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?$/.exec(text) ?? [];
  const clock =
    BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1_000_000n +
    BigInt(fraction.padEnd(6, "0"));
  return new Delta(total + (sign === "-" ? -clock : clock));
};

/** Prints as the driver's own type does: `[1, 5)`. */
const readRange =
  (bound: Reader): Reader =>
  (text) => {
    const found = /^([[(])(?:"((?:[^"\\]|\\.|"")*)"|([^,"]*)),(?:"((?:[^"\\]|\\.|"")*)"|([^\])"]*))([\])])$/.exec(text);
    if (!found) return text;
    const [, open, quotedLower, lower = "", quotedUpper, upper = "", close] = found;
    const shown = (end: string) => (end === "" ? "None" : str(bound(end)));
    return `${open}${shown(quotedLower ?? lower)}, ${shown(quotedUpper ?? upper)}${close}`;
  };

const whole64: Reader = (text) => whole(BigInt(text));
const plain: Reader = (text) => text;
const refuseBytes: Reader = () => fail("bytea is not supported in a template; encode() of SQL makes a text of it");

/** Postgres' types by their number, and those of their arrays where the driver knows these. */
const types: [read: Reader, types: number[], arrays: number[]][] = [
  [(text) => text === "t", [16], [1000]],
  [whole64, [20, 21, 23, 26], [1016, 1005, 1007, 1028]],
  [readFloat, [700, 701], [1021, 1022]],
  [readDecimal, [1700], [1231]],
  [readDate, [1082], [1182]],
  [readMoment(false), [1114], [1115]],
  [readMoment(true), [1184], [1185]],
  [readTime, [1083, 1266], [1183, 1270]],
  [readInterval, [1186], [1187]],
  [parseJson, [114, 3802], [199, 3807]],
  [refuseBytes, [17], [1001]],
  [readRange(whole64), [3904, 3926], [3905, 3927]],
  [readRange(readDecimal), [3906], [3907]],
  [readRange(readDate), [3912], [3913]],
  [readRange(readMoment(false)), [3908], [3909]],
  [readRange(readMoment(true)), [3910], [3911]],
  [plain, [], [1002, 1003, 1009, 1014, 1015, 1041, 651, 1040]],
];

/** `{1,2,NULL}`, with quotes where they are needed, and within each other. */
const readArray =
  (element: Reader): Reader =>
  (text) => {
    let at = text.indexOf("{") + 1;
    const readList = (): Value[] => {
      const found: Value[] = [];
      while (text[at] !== "}") {
        if (text[at] === "{") {
          at++;
          found.push(readList());
        } else if (text[at] === '"') {
          const [whole = '""'] = /^"(?:[^"\\]|\\[\s\S])*"/.exec(text.slice(at)) ?? [];
          at += whole.length;
          found.push(element(whole.slice(1, -1).replace(/\\([\s\S])/g, "$1")));
        } else {
          const [whole = ""] = /^[^,}]*/.exec(text.slice(at)) ?? [];
          at += whole.length;
          found.push(whole === "NULL" ? null : element(whole));
        }
        if (text[at] === ",") at++;
      }
      at++;
      return found;
    };
    return readList();
  };

const readers = new Map<number, Reader>(
  types.flatMap(([read, own, arrays]) => [
    ...own.map((type): [number, Reader] => [type, read]),
    ...arrays.map((type): [number, Reader] => [type, readArray(read)]),
  ]),
);

/** What JSON is written of that it does not know: as dbt does it, which keeps of a numeric what a float holds. */
const asJson = (value: Value): Value => {
  if (value instanceof Decimal) return new Float(value.toNumber());
  return value instanceof DateTime ? value.isoText("T") : str(value);
};

/** What a column's values have in common decides what they are in a template, as agate infers it for dbt. */
export function columnValues(type: number, texts: (string | null)[]): Value[] {
  const read = readers.get(type) ?? plain;
  const values = texts.map((text) => (text === null ? null : read(text)));
  const settled = values.filter((value) => value !== null);
  const isText = settled.some((value) => typeof value === "string" || Array.isArray(value) || value instanceof Dict);
  if (isText) return values.map((value) => (value === null ? null : textOf(value)));
  const every = (is: (value: Value) => boolean) => settled.every(is);
  if (every((value) => typeof value === "number" || typeof value === "bigint")) return values;
  if (every((value) => typeof value === "boolean")) return values;
  if (every((value) => value instanceof PlainDate || value instanceof DateTime)) return values;
  if (every((value) => typeof value !== "boolean" && asDecimal(value) !== undefined)) {
    return values.map((value) => (value === null ? null : (asDecimal(value) ?? null)));
  }
  return values.map((value) => (value === null ? null : str(value)));
}

const textOf = (value: Value) =>
  Array.isArray(value) || value instanceof Dict ? toJson(value, { other: asJson }) : str(value);

function asDecimal(value: Value): Decimal | undefined {
  if (value instanceof Decimal) return value;
  if (value instanceof Float) return Decimal.parse(floatText(value.value));
  return typeof value === "number" || typeof value === "bigint" ? Decimal.parse(String(value)) : undefined;
}

import { callable, Float, fail, numberOf, str, Thing, Tuple, type Value } from "../../jinja/values.ts";

const day = 86_400_000;
const pad = (value: number, width = 2) => String(value).padStart(width, "0");
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const dayOfYear = (at: Date) => Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0, 1)) / day) + 1;

const parts: Record<string, (at: Date) => string> = {
  Y: (at) => pad(at.getUTCFullYear(), 4),
  y: (at) => pad(at.getUTCFullYear() % 100),
  m: (at) => pad(at.getUTCMonth() + 1),
  d: (at) => pad(at.getUTCDate()),
  H: (at) => pad(at.getUTCHours()),
  M: (at) => pad(at.getUTCMinutes()),
  S: (at) => pad(at.getUTCSeconds()),
  f: (at) => `${pad(at.getUTCMilliseconds(), 3)}000`,
  j: (at) => pad(dayOfYear(at), 3),
  B: (at) => months[at.getUTCMonth()] ?? "",
  b: (at) => (months[at.getUTCMonth()] ?? "").slice(0, 3),
  A: (at) => weekdays[at.getUTCDay()] ?? "",
  a: (at) => (weekdays[at.getUTCDay()] ?? "").slice(0, 3),
  z: () => "+0000",
  Z: () => "UTC",
  "%": () => "%",
};

/** Python's strftime, in UTC. */
function formatTime(at: Date, format: string): string {
  return format.replace(/%(.)/g, (_, letter: string) =>
    (parts[letter] ?? fail(`strftime of %${letter} is not supported yet`))(at),
  );
}

/** A date, or a moment, as Python's datetime has it. */
export function timeValue(at: Date, dateOnly = false): Thing {
  const iso = dateOnly ? at.toISOString().slice(0, 10) : at.toISOString().replace("Z", "000+00:00");
  const moved = (sign: 1 | -1) =>
    callable(([span]) => timeValue(new Date(at.getTime() + sign * milliseconds(span ?? null)), dateOnly));
  const own: Record<string, Value> = {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
    strftime: callable(([format]) => formatTime(at, str(format ?? null))),
    isoformat: callable(() => iso),
    date: callable(() => timeValue(at, true)),
    weekday: callable(() => (at.getUTCDay() + 6) % 7),
    timestamp: callable(() => new Float(at.getTime() / 1000)),
    astimezone: callable(() => timeValue(at, dateOnly)),
    __add__: moved(1),
    __sub__: moved(-1),
  };
  return new Thing("datetime", own, { text: dateOnly ? iso : iso.replace("T", " ") });
}

function milliseconds(span: Value): number {
  if (!(span instanceof Thing) || span.label !== "timedelta") return fail("only a timedelta can be added to a date");
  return numberOf(span.attributes.get("milliseconds") ?? 0);
}

const spans: Record<string, number> = { weeks: 7 * day, days: day, hours: 3_600_000, minutes: 60_000, seconds: 1000 };

function parseTime(text: string, format: string): Thing {
  const names: string[] = [];
  const pattern = format.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/%(.)/g, (_, letter: string) => {
    names.push(letter);
    return letter === "Y" ? "(\\d{4})" : "(\\d{1,2})";
  });
  const found = new RegExp(`^${pattern}$`).exec(text) ?? fail(`'${text}' is no time of the form '${format}'`);
  const part = (letter: string, missing: number) => {
    const index = names.indexOf(letter);
    return index < 0 ? missing : Number(found[index + 1]);
  };
  const at = Date.UTC(part("Y", 1900), part("m", 1) - 1, part("d", 1), part("H", 0), part("M", 0), part("S", 0));
  return timeValue(new Date(at));
}

function datetimeModule(now: () => Date): Thing {
  const numbers = (args: Value[]) => args.map(numberOf);
  const dated = (dateOnly: boolean) =>
    callable((args) => {
      const [year = 1970, month = 1, date = 1, hour = 0, minute = 0, second = 0] = numbers(args);
      return timeValue(new Date(Date.UTC(year, month - 1, date, hour, minute, second)), dateOnly);
    }).call;
  const datetime: Record<string, Value> = {
    now: callable(() => timeValue(now())),
    utcnow: callable(() => timeValue(now())),
    today: callable(() => timeValue(now())),
    strptime: callable(([text, format]) => parseTime(str(text ?? null), str(format ?? null))),
    fromisoformat: callable(([text]) => timeValue(new Date(str(text ?? null)))),
  };
  const timedelta = callable((args, keywords) => {
    const all = [
      ...keywords,
      ...args.map((value, index): [string, Value] => [index === 0 ? "days" : "seconds", value]),
    ];
    const total = all.reduce(
      (sum, [name, value]) => sum + (spans[name] ?? fail(`timedelta(${name}) is not supported yet`)) * numberOf(value),
      0,
    );
    return new Thing("timedelta", { milliseconds: total, days: Math.floor(total / day) });
  });
  return new Thing("modules.datetime", {
    datetime: new Thing("datetime", datetime, { call: dated(false) }),
    date: new Thing("date", { today: callable(() => timeValue(now(), true)) }, { call: dated(true) }),
    timedelta,
    timezone: new Thing("timezone", { utc: "UTC" }),
  });
}

const expression = (pattern: Value | undefined, flags = "") =>
  new RegExp(str(pattern ?? null).replace(/\(\?P</g, "(?<"), flags);

function matchValue(match: RegExpExecArray | null): Value {
  if (!match) return null;
  const group = callable(([which]) => match[numberOf(which ?? 0)] ?? null);
  return new Thing("match", { group, groups: callable(() => Tuple.from<Value>(match.slice(1))) });
}

function regularExpressionModule(): Thing {
  const anchored = (pattern: Value | undefined) => expression(`^(?:${str(pattern ?? null)})`);
  return new Thing("modules.re", {
    match: callable(([pattern, text]) => matchValue(anchored(pattern).exec(str(text ?? null)))),
    search: callable(([pattern, text]) => matchValue(expression(pattern).exec(str(text ?? null)))),
    findall: callable(([pattern, text]) =>
      [...str(text ?? null).matchAll(expression(pattern, "g"))].map((found) => found[1] ?? found[0]),
    ),
    split: callable(([pattern, text]) => str(text ?? null).split(expression(pattern))),
    sub: callable(([pattern, by, text]) =>
      str(text ?? null).replaceAll(
        expression(pattern, "g"),
        str(by ?? null).replaceAll(/\\(\d)/g, (_, group: string) => `$${group}`),
      ),
    ),
  });
}

/** The modules of Python that dbt hands to templates, as far as projects need them. */
export function modulesValue(now: () => Date): Thing {
  const known: Record<string, Value> = { datetime: datetimeModule(now), re: regularExpressionModule() };
  const missing = (name: string) => fail(`modules.${name} is not supported yet`);
  return new Thing("modules", known, { missing });
}

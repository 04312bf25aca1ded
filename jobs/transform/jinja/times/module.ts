import { numberOf } from "../numbers.ts";
import { callMethod, define, type Method } from "../signature.ts";
import { str } from "../text.ts";
import { fail, Thing, Undefined, type Value } from "../values.ts";
import { firstMonday } from "./calendar.ts";
import { wholeOf as whole, zoneOf } from "./common.ts";
import { timedelta } from "./delta.ts";
import { DateTime, PlainDate, PlainTime } from "./moment.ts";
import { epoch, NamedZone, namedZone } from "./named-zone.ts";
import { parseIso, parseMoment } from "./strptime.ts";

const ofSeconds = (value: Value) => epoch + BigInt(Math.round(numberOf(value) * 1_000_000));

/** A JavaScript moment as run_started_at has it: of UTC. */
export const utcMoment = (at: Date) =>
  DateTime.ofMicroseconds(epoch + BigInt(at.getTime()) * 1000n, new NamedZone("UTC"));

const naive = (moment: DateTime) => DateTime.ofMicroseconds(moment.microseconds);

/** A class of Python's: it is called to make a value, and has functions of its own. */
function classOf(
  name: string,
  make: Method<null>,
  functions: Record<string, Method<null>>,
  values: Record<string, Value> = {},
): Thing {
  const bound = Object.entries(functions).map(([key, method]): [string, Value] => [
    key,
    { call: (args, keywords) => callMethod(key, method, null, args, keywords) },
  ]);
  return new Thing(name, new Map([...bound, ...Object.entries(values)]), {
    call: (args, keywords) => callMethod(name, make, null, args, keywords),
    missing: (missing) => fail(`modules.datetime.${name}.${missing} is not supported`),
  });
}

function clockOf(hour: Value = 0, minute: Value = 0, second: Value = 0, microsecond: Value = 0) {
  return { hour: whole(hour), minute: whole(minute), second: whole(second), microsecond: whole(microsecond) };
}

function dateTimeClass(now: () => Date): Thing {
  const make: Method<null> = [
    "year, month, day, hour=, minute=, second=, microsecond=, tzinfo=",
    (_, year, month, day, hour?: Value, minute?: Value, second?: Value, microsecond?: Value, zone?: Value) =>
      new DateTime(whole(year), whole(month), whole(day), clockOf(hour, minute, second, microsecond), zoneOf(zone)),
  ];
  const at = (utc: bigint, zone: Value | undefined) => {
    const moment = DateTime.ofMicroseconds(utc);
    const wanted = zoneOf(zone);
    return wanted ? moment.inZone(wanted) : moment;
  };
  return classOf(
    "datetime",
    make,
    {
      combine: [
        "date, time, tzinfo=",
        (_, date, time, zone?: Value) => {
          if (!(date instanceof PlainDate) || !(time instanceof PlainTime))
            return fail("combine() needs a date and a time");
          return new DateTime(
            date.year,
            date.month,
            date.day,
            time.fields,
            zone === undefined ? time.fields.zone : zoneOf(zone),
          );
        },
      ],
      fromisoformat: ["date_string, /", (_, text) => parseIso(str(text))],
      fromtimestamp: ["timestamp, tz=", (_, seconds, zone?: Value) => at(ofSeconds(seconds), zone)],
      now: ["tz=", (_, zone?: Value) => at(utcMoment(now()).microseconds, zone)],
      strptime: ["date_string, format, /", (_, text, format) => parseMoment(str(text), str(format))],
      today: ["", () => naive(utcMoment(now()))],
      utcfromtimestamp: ["timestamp, /", (_, seconds) => at(ofSeconds(seconds), undefined)],
      utcnow: ["", () => naive(utcMoment(now()))],
    },
    {
      max: new DateTime(9999, 12, 31, { hour: 23, minute: 59, second: 59, microsecond: 999_999 }),
      min: new DateTime(1, 1, 1),
    },
  );
}

function dateClass(now: () => Date): Thing {
  const dated = (moment: DateTime) => new PlainDate(moment.year, moment.month, moment.day);
  return classOf(
    "date",
    ["year, month, day", (_, year, month, day) => new PlainDate(whole(year), whole(month), whole(day))],
    {
      fromisocalendar: [
        "year, week, day",
        (_, year, week, day) => PlainDate.ofOrdinal(firstMonday(whole(year)) + (whole(week) - 1) * 7 + whole(day) - 1),
      ],
      fromisoformat: ["date_string, /", (_, text) => dated(parseIso(str(text)))],
      fromordinal: ["ordinal, /", (_, ordinal) => PlainDate.ofOrdinal(whole(ordinal))],
      fromtimestamp: ["timestamp, /", (_, seconds) => dated(DateTime.ofMicroseconds(ofSeconds(seconds)))],
      today: ["", () => dated(utcMoment(now()))],
    },
    { max: new PlainDate(9999, 12, 31), min: new PlainDate(1, 1, 1) },
  );
}

const timeClass = () =>
  classOf(
    "time",
    [
      "hour=, minute=, second=, microsecond=, tzinfo=",
      (_, hour?: Value, minute?: Value, second?: Value, microsecond?: Value, zone?: Value) =>
        new PlainTime({ ...clockOf(hour, minute, second, microsecond), zone: zoneOf(zone) }),
    ],
    {},
  );

/** `modules.datetime`, as dbt gives it: the machine's own zone is taken to be UTC. */
export function datetimeModule(now: () => Date): Thing {
  const known: Record<string, Value> = {
    date: dateClass(now),
    datetime: dateTimeClass(now),
    time: timeClass(),
    timedelta,
  };
  return new Thing("modules.datetime", known, { missing: notThere("datetime", ["tzinfo"]) });
}

/** What dbt does not give either is undefined; the rest is refused by name. */
const notThere = (module: string, refused: string[]) => (name: string) =>
  refused.includes(name)
    ? fail(`modules.${module}.${name} is not supported`)
    : new Undefined(`modules.${module}.${name}`);

/** `modules.pytz` */
export function pytzModule(): Thing {
  const known: Record<string, Value> = {
    timezone: define("timezone", "zone", (name) => namedZone(str(name))),
    utc: new NamedZone("UTC"),
  };
  return new Thing("modules.pytz", known, {
    missing: notThere("pytz", [
      "all_timezones",
      "common_timezones",
      "country_timezones",
      "country_names",
      "BaseTzInfo",
    ]),
  });
}

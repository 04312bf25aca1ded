import { isWhole } from "../numbers.ts";
import type { Method } from "../signature.ts";
import { str } from "../text.ts";
import { fail, NativeValue, Thing, typeOf, type Value } from "../values.ts";
import { type Clock, dayOfYear, isoCalendar, pad, weekdayOf } from "./calendar.ts";
import { formatMoment } from "./strftime.ts";
import type { Zone } from "./zone.ts";

export const midnight: Clock = { hour: 0, minute: 0, second: 0, microsecond: 0 };
/** A part of a date or a clock. */
export const wholeOf = (value: Value) =>
  isWhole(value) ? Number(value) : fail(`a date takes whole numbers, not a ${typeOf(value)}`);
/** What replace() puts in the place of a field. */
export const other = (given: Value | undefined, field: number) => (given === undefined ? field : wholeOf(given));
const isZone = (value: Value | undefined): value is Zone => value instanceof NativeValue && value.type === "tzinfo";

/** A zone or None; undefined where nothing is given. */
export function zoneOf(value: Value | undefined): Zone | undefined {
  if (value === undefined || value === null) return undefined;
  return isZone(value) ? value : fail(`tzinfo has to be a zone, not a ${typeOf(value)}`);
}

const isoParts = (ordinal: number) => {
  const parts = isoCalendar(ordinal);
  return new Thing("IsoCalendarDate", { year: parts[0], week: parts[1], weekday: parts[2] }, { list: parts });
};

/** What a date and a datetime have in common. */
export abstract class Moment extends NativeValue {
  abstract readonly ordinal: number;
  abstract readonly year: number;
  abstract readonly month: number;
  abstract readonly day: number;
  abstract readonly clock: Clock;
  abstract readonly zone: Zone | undefined;
  override isTrue() {
    return true;
  }
  override format(specification: string) {
    return specification === "" ? this.str() : formatMoment(this, specification);
  }
}

/** The methods that both have. */
export const common: Record<string, Method<Moment>> = {
  ctime: ["", (self) => formatMoment(self, `%a %b ${pad(self.day, 2, " ")} %H:%M:%S %Y`)],
  isocalendar: ["", (self) => isoParts(self.ordinal)],
  isoweekday: ["", (self) => weekdayOf(self.ordinal) + 1],
  strftime: ["format", (self, format) => formatMoment(self, str(format))],
  timetuple: ["", (self) => timeTuple(self)],
  toordinal: ["", (self) => self.ordinal],
  weekday: ["", (self) => weekdayOf(self.ordinal)],
};

function timeTuple({ year, month, day, clock, ordinal, zone }: Moment): Value {
  const { hour, minute, second } = clock;
  const daylight = zone ? fail("timetuple() with a zone is not supported") : -1;
  const fields: [string, number][] = [
    ...Object.entries({ tm_year: year, tm_mon: month, tm_mday: day, tm_hour: hour, tm_min: minute, tm_sec: second }),
    ...Object.entries({ tm_wday: weekdayOf(ordinal), tm_yday: dayOfYear(year, month, day), tm_isdst: daylight }),
  ];
  return new Thing("struct_time", new Map(fields), { list: fields.map(([, value]) => value) });
}

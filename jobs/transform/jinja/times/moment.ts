import { bindMethod, type Method } from "../signature.ts";
import { str } from "../text.ts";
import { Float, fail, NativeValue, type Value } from "../values.ts";
import { type Clock, checkClock, checkDate, clockText, fromOrdinal, offsetText, ordinalOf, pad } from "./calendar.ts";
import { common, Moment, midnight, other, zoneOf } from "./common.ts";
import { Delta, microsecondsOfDay } from "./delta.ts";
import { formatMoment } from "./strftime.ts";
import type { Zone } from "./zone.ts";

const dateMethods: Record<string, Method<PlainDate>> = {
  ...(common as Record<string, Method<PlainDate>>),
  isoformat: ["", (self) => self.str()],
  replace: [
    "year=, month=, day=",
    (self, year?: Value, month?: Value, day?: Value) =>
      new PlainDate(other(year, self.year), other(month, self.month), other(day, self.day)),
  ],
};

/** Python's date. */
export class PlainDate extends Moment {
  readonly type = "date";
  readonly clock = midnight;
  readonly zone = undefined;
  readonly ordinal: number;

  constructor(
    readonly year: number,
    readonly month: number,
    readonly day: number,
  ) {
    super();
    checkDate(year, month, day);
    this.ordinal = ordinalOf(year, month, day);
  }

  static ofOrdinal(ordinal: number): PlainDate {
    const { year, month, day } = fromOrdinal(ordinal);
    return new PlainDate(year, month, day);
  }

  override str() {
    return `${pad(this.year, 4)}-${pad(this.month)}-${pad(this.day)}`;
  }
  repr() {
    return `datetime.date(${this.year}, ${this.month}, ${this.day})`;
  }
  override equals(other: Value) {
    return other instanceof PlainDate && other.ordinal === this.ordinal;
  }
  override compare(other: Value) {
    return other instanceof PlainDate ? this.ordinal - other.ordinal : undefined;
  }
  override hash() {
    return `date ${this.ordinal}`;
  }
  override attribute(name: string): Value | undefined {
    if (name === "year" || name === "month" || name === "day") return this[name];
    return bindMethod(dateMethods, this, name);
  }
  override operate(operator: string, other: Value, onTheRight: boolean): Value | undefined {
    if (other instanceof PlainDate && operator === "-") {
      const days = onTheRight ? other.ordinal - this.ordinal : this.ordinal - other.ordinal;
      return new Delta(BigInt(days) * microsecondsOfDay);
    }
    if (!(other instanceof Delta) || !(operator === "+" || (operator === "-" && !onTheRight))) return undefined;
    const days = Number(other.attribute("days"));
    return PlainDate.ofOrdinal(this.ordinal + (operator === "-" ? -days : days));
  }
}

type TimeFields = Clock & { zone: Zone | undefined };

/** Python's time of a day. */
export class PlainTime extends NativeValue {
  readonly type = "time";

  constructor(readonly fields: TimeFields) {
    super();
    checkClock(fields);
  }

  #offset(): string {
    const offset = this.fields.zone?.offset;
    return offset === undefined ? "" : offsetText(offset);
  }
  override str() {
    return clockText(this.fields) + this.#offset();
  }
  repr() {
    const { hour, minute, second, microsecond, zone } = this.fields;
    const shown = [hour, minute, ...(second || microsecond ? [second] : []), ...(microsecond ? [microsecond] : [])];
    return `datetime.time(${shown.join(", ")}${zone ? `, tzinfo=${zone.repr()}` : ""})`;
  }
  override equals(other: Value) {
    return other instanceof PlainTime && other.str() === this.str();
  }
  override compare(other: Value) {
    if (!(other instanceof PlainTime) || this.fields.zone || other.fields.zone) return undefined;
    const [a, b] = [clockText(this.fields, "microseconds"), clockText(other.fields, "microseconds")];
    return a < b ? -1 : Number(a > b);
  }
  override hash() {
    return `time ${this.str()}`;
  }
  override isTrue() {
    return true;
  }
  override attribute(name: string): Value | undefined {
    if (name === "hour" || name === "minute" || name === "second" || name === "microsecond") return this.fields[name];
    return name === "tzinfo" ? (this.fields.zone ?? null) : bindMethod(timeMethods, this, name);
  }
  override format(specification: string) {
    return specification === "" ? this.str() : formatMoment(new DateTime(1900, 1, 1, this.fields), specification);
  }
}

const timeMethods: Record<string, Method<PlainTime>> = {
  isoformat: ["timespec=", (self, timespec: Value = "auto") => clockText(self.fields, str(timespec))],
  strftime: ["format", (self, format) => self.format(str(format))],
};

const moved = (self: DateTime, zone: Zone): Value => self.inZone(zone);

const dateTimeMethods: Record<string, Method<DateTime>> = {
  ...(common as Record<string, Method<DateTime>>),
  astimezone: ["tz", (self, zone) => moved(self, zoneOf(zone) ?? fail("astimezone() needs a zone"))],
  date: ["", (self) => new PlainDate(self.year, self.month, self.day)],
  isoformat: [
    "sep=, timespec=",
    (self, separator: Value = "T", timespec: Value = "auto") => self.isoText(str(separator), str(timespec)),
  ],
  replace: [
    "year=, month=, day=, hour=, minute=, second=, microsecond=, tzinfo=",
    (
      self,
      year?: Value,
      month?: Value,
      day?: Value,
      hour?: Value,
      minute?: Value,
      second?: Value,
      micro?: Value,
      zone?: Value,
    ) =>
      new DateTime(
        ...([other(year, self.year), other(month, self.month), other(day, self.day)] as const),
        {
          hour: other(hour, self.clock.hour),
          minute: other(minute, self.clock.minute),
          second: other(second, self.clock.second),
          microsecond: other(micro, self.clock.microsecond),
        },
        zone === undefined ? self.zone : zoneOf(zone),
      ),
  ],
  time: ["", (self) => new PlainTime({ ...self.clock, zone: undefined })],
  timestamp: ["", (self) => new Float(Number(self.utc - 719_163n * microsecondsOfDay) / 1_000_000)],
  timetz: ["", (self) => new PlainTime({ ...self.clock, zone: self.zone })],
  tzname: ["", (self) => self.zone?.abbreviation ?? null],
  utcoffset: [
    "",
    (self) => (self.zone?.offset === undefined ? null : new Delta(BigInt(self.zone.offset) * 1_000_000n)),
  ],
};

/** Python's datetime. One without a zone is taken for one of UTC where a moment is needed. */
export class DateTime extends Moment {
  readonly type = "datetime";
  readonly ordinal: number;
  /** Of its own clock, since the year 1. */
  readonly microseconds: bigint;
  readonly clock: Clock;

  constructor(
    readonly year: number,
    readonly month: number,
    readonly day: number,
    { hour, minute, second, microsecond }: Clock = midnight,
    readonly zone: Zone | undefined = undefined,
  ) {
    super();
    this.clock = { hour, minute, second, microsecond };
    checkDate(year, month, day);
    checkClock(this.clock);
    if (zone && zone.offset === undefined) fail(`a datetime gets the zone ${zone.str()} by localize() or astimezone()`);
    this.ordinal = ordinalOf(year, month, day);
    const seconds = BigInt(this.ordinal) * 86_400n + BigInt(hour * 3600 + minute * 60 + second);
    this.microseconds = seconds * 1_000_000n + BigInt(microsecond);
  }

  static ofMicroseconds(microseconds: bigint, zone?: Zone): DateTime {
    const { year, month, day } = fromOrdinal(Number(microseconds / microsecondsOfDay));
    const rest = Number(microseconds % microsecondsOfDay);
    const second = Math.floor(rest / 1_000_000);
    const clock = { hour: Math.floor(second / 3600), minute: Math.floor(second / 60) % 60, second: second % 60 };
    return new DateTime(year, month, day, { ...clock, microsecond: rest % 1_000_000 }, zone);
  }

  /** The moment, in microseconds of UTC since the year 1. */
  get utc(): bigint {
    return this.microseconds - BigInt(this.zone?.offset ?? 0) * 1_000_000n;
  }
  withZone(zone: Zone): DateTime {
    return new DateTime(this.year, this.month, this.day, this.clock, zone);
  }
  inZone(zone: Zone): DateTime {
    const found = zone.at(this.utc);
    return DateTime.ofMicroseconds(this.utc + BigInt(found.offset ?? 0) * 1_000_000n, found);
  }

  isoText(separator: string, timespec = "auto"): string {
    const date = `${pad(this.year, 4)}-${pad(this.month)}-${pad(this.day)}`;
    const offset = this.zone?.offset === undefined ? "" : offsetText(this.zone.offset);
    return date + separator + clockText(this.clock, timespec) + offset;
  }
  override str() {
    return this.isoText(" ");
  }
  repr() {
    const { hour, minute, second, microsecond } = this.clock;
    const clock = [hour, minute, ...(second || microsecond ? [second] : []), ...(microsecond ? [microsecond] : [])];
    const zone = this.zone ? `, tzinfo=${this.zone.repr()}` : "";
    return `datetime.datetime(${[this.year, this.month, this.day, ...clock].join(", ")}${zone})`;
  }
  #fits(other: DateTime): boolean {
    return (this.zone === undefined) === (other.zone === undefined);
  }
  override equals(other: Value) {
    return other instanceof DateTime && this.#fits(other) && other.utc === this.utc;
  }
  override compare(other: Value) {
    return other instanceof DateTime && this.#fits(other) ? Number(this.utc - other.utc) : undefined;
  }
  override hash() {
    return `datetime ${this.zone === undefined ? "" : "Z"}${this.utc}`;
  }
  override attribute(name: string): Value | undefined {
    if (name === "year" || name === "month" || name === "day") return this[name];
    if (name === "hour" || name === "minute" || name === "second" || name === "microsecond") return this.clock[name];
    if (name === "tzinfo") return this.zone ?? null;
    return name === "fold" ? 0 : bindMethod(dateTimeMethods, this, name);
  }
  override operate(operator: string, other: Value, onTheRight: boolean): Value | undefined {
    if (other instanceof DateTime && operator === "-") {
      if (!this.#fits(other)) return fail("a datetime with a zone and one without have no difference");
      return new Delta(onTheRight ? other.utc - this.utc : this.utc - other.utc);
    }
    if (!(other instanceof Delta) || !(operator === "+" || (operator === "-" && !onTheRight))) return undefined;
    return DateTime.ofMicroseconds(
      this.microseconds + (operator === "-" ? -other.microseconds : other.microseconds),
      this.zone,
    );
  }
}

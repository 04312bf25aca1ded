import { define } from "../signature.ts";
import { isTrue } from "../truth.ts";
import { fail, type Value } from "../values.ts";
import { DateTime } from "./moment.ts";
import { Zone } from "./zone.ts";

/** The moments of UTC that a JavaScript clock counts from. */
export const epoch = 719_163n * 86_400_000_000n;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(name: string): Intl.DateTimeFormat {
  const known = formats.get(name);
  if (known) return known;
  const numeric = {
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  } as const;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone: name,
    hourCycle: "h23",
    era: "short",
    ...numeric,
    timeZoneName: "short",
  });
  formats.set(name, made);
  return made;
}

function offsetAt(name: string, utc: bigint): { offset: number; abbreviation: string } {
  const at = Number((utc - epoch) / 1000n);
  const parts = Object.fromEntries(
    formatOf(name)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const field = (part: string) => Number(parts[part]);
  const local = Date.UTC(
    field("year"),
    field("month") - 1,
    field("day"),
    field("hour"),
    field("minute"),
    field("second"),
  );
  return { offset: Math.round((local - Math.floor(at / 1000) * 1000) / 1000), abbreviation: parts.timeZoneName ?? "" };
}

/** A zone of pytz: without a moment it is of none, and localize() finds out. */
export class NamedZone extends Zone {
  constructor(
    readonly zone: string,
    readonly found?: { offset: number; abbreviation: string },
  ) {
    super();
  }

  get offset() {
    return this.zone === "UTC" ? 0 : this.found?.offset;
  }
  get abbreviation() {
    if (this.zone === "UTC") return "UTC";
    const name = this.found?.abbreviation ?? "";
    return /^[A-Z]{2,5}$/.test(name) ? name : fail(`%Z of ${this.zone} is not supported`);
  }
  override at(utc: bigint): Zone {
    return this.zone === "UTC" ? this : new NamedZone(this.zone, offsetAt(this.zone, utc));
  }
  override str() {
    return this.zone;
  }
  repr() {
    return this.zone === "UTC" ? "<UTC>" : fail(`the zone ${this.zone} inside a list is not supported`);
  }
  override equals(other: Value) {
    return other instanceof NamedZone && other.zone === this.zone && other.offset === this.offset;
  }
  override attribute(name: string): Value | undefined {
    if (name === "zone") return this.zone;
    if (name === "localize") {
      return define("localize", "dt, is_dst=", (moment, isDaylight: Value = false) =>
        this.#localize(moment, isTrue(isDaylight)),
      );
    }
    if (name !== "normalize") return undefined;
    return define("normalize", "dt", (moment) => aware(moment, "normalize").inZone(this));
  }

  /** Where the clocks go back, the later of two; where they go forward, as if they had not. */
  #localize(moment: Value, isDaylight: boolean): Value {
    if (!(moment instanceof DateTime)) return fail("localize() needs a datetime");
    if (moment.zone) return fail("localize() needs a datetime without a zone");
    if (this.zone === "UTC") return moment.withZone(this);
    const local = moment.microseconds;
    const day = 86_400_000_000n;
    const near = [local - day, local + day].map((utc) => offsetAt(this.zone, utc).offset);
    const holding = near.filter((offset) => offsetAt(this.zone, local - BigInt(offset) * 1_000_000n).offset === offset);
    const choices = holding.length > 0 ? holding : near;
    const offset = isDaylight ? Math.max(...choices) : Math.min(...choices);
    const { abbreviation } = offsetAt(this.zone, local - BigInt(offset) * 1_000_000n);
    return moment.withZone(new NamedZone(this.zone, { offset, abbreviation }));
  }
}

function aware(moment: Value, what: string): DateTime {
  if (!(moment instanceof DateTime) || !moment.zone) return fail(`${what}() needs a datetime with a zone`);
  return moment;
}

/** `pytz.timezone(name)` */
export function namedZone(name: string): Zone {
  if (name.toUpperCase() === "UTC") return new NamedZone("UTC");
  try {
    const { timeZone } = formatOf(name).resolvedOptions();
    return new NamedZone(timeZone.toLowerCase() === name.toLowerCase() ? timeZone : name);
  } catch {
    return fail(`there is no time zone '${name}'`);
  }
}

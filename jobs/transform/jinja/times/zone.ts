import { NativeValue, type Value } from "../values.ts";
import { offsetText } from "./calendar.ts";
import { Delta } from "./delta.ts";

/** Where a clock stands against UTC: what a datetime has for its tzinfo. */
export abstract class Zone extends NativeValue {
  readonly type: string = "tzinfo";
  /** Seconds to the east; undefined of a zone that has to be asked about a moment. */
  abstract readonly offset: number | undefined;
  /** What `%Z` prints. */
  abstract readonly abbreviation: string;
  /** The same zone at a moment of UTC, in microseconds since the year 1. */
  at(_utc: bigint): Zone {
    return this;
  }
  override isTrue() {
    return true;
  }
}

/** Of a fixed offset, as drivers give them. */
export class FixedZone extends Zone {
  constructor(readonly offset: number) {
    super();
  }

  get abbreviation() {
    return this.offset === 0 ? "UTC" : `UTC${offsetText(this.offset)}`;
  }
  override str() {
    return this.abbreviation;
  }
  repr() {
    return this.offset === 0
      ? "datetime.timezone.utc"
      : `datetime.timezone(${new Delta(BigInt(this.offset) * 1_000_000n).repr()})`;
  }
  override equals(other: Value) {
    return other instanceof FixedZone && other.offset === this.offset;
  }
}

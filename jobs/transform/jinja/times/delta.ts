import { isNumber, isWhole, numberOf } from "../numbers.ts";
import { bindMethod, define, type Method } from "../signature.ts";
import { Float, fail, NativeValue, typeOf, type Value } from "../values.ts";
import { pad } from "./calendar.ts";

export const microsecondsOfDay = 86_400_000_000n;
const million = 1_000_000n;

/** Rounds half to even. */
function rounded(value: number): bigint {
  const down = Math.floor(value);
  const rest = value - down;
  return BigInt(rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down);
}

function floor(value: bigint, by: bigint): bigint {
  return value % by !== 0n && value < 0n !== by < 0n ? value / by - 1n : value / by;
}

const methods: Record<string, Method<Delta>> = {
  total_seconds: ["", (self) => new Float(Number(self.microseconds) / 1_000_000)],
};

/** Python's timedelta, in microseconds. */
export class Delta extends NativeValue {
  readonly type = "timedelta";

  constructor(readonly microseconds: bigint) {
    super();
    const days = microseconds / microsecondsOfDay;
    if (days > 999_999_999n || days < -999_999_999n) fail("a timedelta has at most 999999999 days");
  }

  get #days() {
    return floor(this.microseconds, microsecondsOfDay);
  }
  get #rest() {
    return this.microseconds - this.#days * microsecondsOfDay;
  }

  override str() {
    const seconds = Number(this.#rest / million);
    const fraction = Number(this.#rest % million);
    const days = this.#days === 0n ? "" : `${this.#days} day${this.#days === 1n || this.#days === -1n ? "" : "s"}, `;
    const clock = `${Math.floor(seconds / 3600)}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
    return days + clock + (fraction > 0 ? `.${pad(fraction, 6)}` : "");
  }
  repr() {
    const parts = [
      ["days", this.#days],
      ["seconds", this.#rest / million],
      ["microseconds", this.#rest % million],
    ].filter(([, value]) => value !== 0n);
    return `datetime.timedelta(${parts.length === 0 ? "0" : parts.map(([name, value]) => `${name}=${value}`).join(", ")})`;
  }
  override isTrue() {
    return this.microseconds !== 0n;
  }
  override equals(other: Value) {
    return other instanceof Delta && other.microseconds === this.microseconds;
  }
  override compare(other: Value) {
    return other instanceof Delta ? Number(this.microseconds - other.microseconds) : undefined;
  }
  override hash() {
    return `timedelta ${this.microseconds}`;
  }
  override attribute(name: string): Value | undefined {
    if (name === "days") return Number(this.#days);
    if (name === "seconds") return Number(this.#rest / million);
    if (name === "microseconds") return Number(this.#rest % million);
    return bindMethod(methods, this, name);
  }
  override operate(operator: string, other: Value, onTheRight: boolean): Value | undefined {
    if (other instanceof Delta) {
      const [left, right] = onTheRight
        ? [other.microseconds, this.microseconds]
        : [this.microseconds, other.microseconds];
      if (right === 0n && ["/", "//", "%"].includes(operator)) return fail("division by zero");
      if (operator === "+") return new Delta(left + right);
      if (operator === "-") return new Delta(left - right);
      if (operator === "/") return new Float(Number(left) / Number(right));
      if (operator === "//") return Number(floor(left, right));
      return operator === "%" ? new Delta(left - right * floor(left, right)) : undefined;
    }
    if (!isNumber(other)) return undefined;
    if (operator === "*") {
      return new Delta(
        isWhole(other) ? this.microseconds * BigInt(other) : rounded(Number(this.microseconds) * numberOf(other)),
      );
    }
    if (onTheRight || (operator !== "/" && operator !== "//")) return undefined;
    if (numberOf(other) === 0) return fail("division by zero");
    if (operator === "//") return isWhole(other) ? new Delta(floor(this.microseconds, BigInt(other))) : undefined;
    return new Delta(rounded(Number(this.microseconds) / numberOf(other)));
  }
}

const units = {
  days: microsecondsOfDay,
  seconds: million,
  microseconds: 1n,
  milliseconds: 1000n,
  minutes: 60n * million,
  hours: 3600n * million,
  weeks: 7n * microsecondsOfDay,
};

/** `timedelta(days=…, …)` */
export const timedelta = define(
  "timedelta",
  Object.keys(units)
    .map((name) => `${name}=`)
    .join(", "),
  (...given: (Value | undefined)[]) => {
    let total = 0n;
    for (const [index, unit] of Object.values(units).entries()) {
      const value = given[index];
      if (value === undefined) continue;
      if (isWhole(value)) total += BigInt(value) * unit;
      else if (value instanceof Float) total += rounded(value.value * Number(unit));
      else fail(`timedelta() takes numbers, not a ${typeOf(value)}`);
    }
    return new Delta(total);
  },
);

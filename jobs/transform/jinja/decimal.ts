import { Float, fail, NativeValue, tuple, type Value } from "./values.ts";

/** A number as digits and a power of ten: exact. */
export type Digits = { coefficient: bigint; exponent: number };

/** The exact value of a finite float: a double is a whole number times a power of two. */
export function digitsOf(value: number): Digits {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const power = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = (power === 0 ? fraction : fraction | 0x10000000000000n) * (bits >> 63n ? -1n : 1n);
  const shift = (power === 0 ? 1 : power) - 1075;
  if (shift >= 0) return { coefficient: mantissa << BigInt(shift), exponent: 0 };
  return { coefficient: mantissa * 5n ** BigInt(-shift), exponent: shift };
}

const absolute = (value: bigint) => (value < 0n ? -value : value);
const ten = (power: number) => 10n ** BigInt(power);
const widthOf = (value: bigint) => absolute(value).toString().length;

/** Divides, and rounds what is left to the even neighbour where it is a half. */
function divideEven(value: bigint, by: bigint): bigint {
  const [whole, rest] = [absolute(value) / by, absolute(value) % by];
  const up = rest * 2n > by || (rest * 2n === by && whole % 2n === 1n);
  return (up ? whole + 1n : whole) * (value < 0n ? -1n : 1n);
}

/** The same value with a given exponent, rounded half to even where that loses digits. */
export function rescale({ coefficient, exponent }: Digits, to: number): Digits {
  if (exponent >= to) return { coefficient: coefficient * ten(exponent - to), exponent: to };
  return { coefficient: divideEven(coefficient, ten(to - exponent)), exponent: to };
}

/** Digits that a calculation keeps, as Python's default context has it. */
const precision = 28;

function toPrecision(digits: Digits): Digits {
  const excess = widthOf(digits.coefficient) - precision;
  if (excess <= 0) return digits;
  const rounded = rescale(digits, digits.exponent + excess);
  return widthOf(rounded.coefficient) > precision ? rescale(rounded, rounded.exponent + 1) : rounded;
}

/** Python's Decimal, which a driver gives for numeric: it keeps its zeros. */
export class Decimal extends NativeValue {
  readonly type = "Decimal";

  private constructor(
    readonly digits: Digits,
    /** Minus zero prints as such. */
    readonly negative: boolean,
    readonly special?: "NaN" | "Infinity",
  ) {
    super();
  }

  static of(digits: Digits): Decimal {
    return new Decimal(digits, digits.coefficient < 0n);
  }

  /** Reads what Postgres or Python writes; undefined where it is no number. */
  static parse(text: string): Decimal | undefined {
    const special = /^([-+]?)(nan|inf(?:inity)?)$/i.exec(text);
    if (special) {
      const kind = special[2]?.toLowerCase() === "nan" ? "NaN" : "Infinity";
      return new Decimal({ coefficient: 0n, exponent: 0 }, special[1] === "-", kind);
    }
    const [, sign, whole = "", fraction = "", exponent = "0"] =
      /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
    if (whole + fraction === "") return undefined;
    const coefficient = BigInt(whole + fraction);
    const digits = {
      coefficient: sign === "-" ? -coefficient : coefficient,
      exponent: Number(exponent) - fraction.length,
    };
    return new Decimal(digits, sign === "-");
  }

  get #settled(): Digits {
    return this.special ? fail(`${this.str()} cannot be calculated with here`) : this.digits;
  }

  toNumber(): number {
    return this.special === "NaN" ? Number.NaN : Number(this.str());
  }

  /** Its whole part. */
  truncate(): bigint {
    const { coefficient, exponent } = this.#settled;
    return exponent >= 0 ? coefficient * ten(exponent) : coefficient / ten(-exponent);
  }

  rounded(places: number): Decimal {
    return Decimal.of(rescale(this.#settled, -places));
  }

  /** It without its sign. */
  absolute(): Decimal {
    const { coefficient, exponent } = this.digits;
    return new Decimal({ coefficient: absolute(coefficient), exponent }, false, this.special);
  }

  negated(): Decimal {
    const { coefficient, exponent } = this.#settled;
    return Decimal.of(toPrecision({ coefficient: -coefficient, exponent }));
  }

  override str(): string {
    const sign = this.negative ? "-" : "";
    if (this.special) return sign + this.special;
    const { coefficient, exponent } = this.digits;
    const figures = absolute(coefficient).toString();
    const left = exponent + figures.length;
    const point = exponent <= 0 && left > -6 ? left : 1;
    const power = left === point ? "" : `E${left > point ? "+" : ""}${left - point}`;
    if (point <= 0) return `${sign}0.${"0".repeat(-point)}${figures}${power}`;
    const fraction = figures.slice(point);
    return `${sign}${figures.slice(0, point).padEnd(point, "0")}${fraction && `.${fraction}`}${power}`;
  }

  repr(): string {
    return `Decimal('${this.str()}')`;
  }

  override isTrue(): boolean {
    return this.special !== undefined || this.digits.coefficient !== 0n;
  }

  override hash(): string {
    const { coefficient, exponent } = this.digits;
    if (this.special) return this.str();
    if (exponent >= 0) return String(coefficient * ten(exponent));
    const whole = coefficient % ten(-exponent) === 0n;
    return whole ? String(coefficient / ten(-exponent)) : String(this.toNumber());
  }

  override equals(other: Value): boolean {
    return this.compare(other) === 0;
  }

  override compare(other: Value): number | undefined {
    const right =
      other instanceof Float && Number.isFinite(other.value) ? Decimal.of(digitsOf(other.value)) : decimal(other);
    if (!right || this.special || right.special) return undefined;
    const exponent = Math.min(this.digits.exponent, right.digits.exponent);
    const difference = rescale(this.digits, exponent).coefficient - rescale(right.digits, exponent).coefficient;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  override operate(operator: string, other: Value, onTheRight: boolean): Value | undefined {
    const given = decimal(other);
    if (!given) return undefined;
    const [left, right] = onTheRight ? [given.#settled, this.#settled] : [this.#settled, given.#settled];
    const exponent = Math.min(left.exponent, right.exponent);
    const [a, b] = [rescale(left, exponent).coefficient, rescale(right, exponent).coefficient];
    if (b === 0n && ["/", "//", "%"].includes(operator)) return fail("division by zero");
    switch (operator) {
      case "+":
        return Decimal.of(toPrecision({ coefficient: a + b, exponent }));
      case "-":
        return Decimal.of(toPrecision({ coefficient: a - b, exponent }));
      case "*": {
        const coefficient = left.coefficient * right.coefficient;
        return Decimal.of(toPrecision({ coefficient, exponent: left.exponent + right.exponent }));
      }
      case "/":
        return Decimal.of(quotient(left, right));
      case "//":
        return Decimal.of({ coefficient: a / b, exponent: 0 });
      case "%":
        return Decimal.of(toPrecision({ coefficient: a % b, exponent }));
      case "**":
        return power(left, right);
      default:
        return undefined;
    }
  }

  override attribute(name: string): Value | undefined {
    const { coefficient, exponent } = this.digits;
    const methods: Record<string, () => Value> = {
      is_nan: () => this.special === "NaN",
      is_zero: () => !this.isTrue(),
      is_finite: () => this.special === undefined,
      is_infinite: () => this.special === "Infinity",
      is_signed: () => this.negative,
      copy_abs: () => this.absolute(),
      normalize: () => Decimal.of(withoutZeros({ coefficient, exponent }, Number.POSITIVE_INFINITY)),
      to_integral_value: () => (exponent >= 0 ? this : this.rounded(0)),
      as_tuple: () =>
        tuple([Number(this.negative), tuple(absolute(coefficient).toString().split("").map(Number)), exponent]),
    };
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    return (
      method && {
        call: (args, keywords) =>
          args.length + keywords.size === 0
            ? method()
            : fail(`${name}() of a Decimal with an argument is not supported`),
      }
    );
  }
}

/** A Decimal of what Python lets meet one: another, or a whole number. */
function decimal(value: Value): Decimal | undefined {
  if (value instanceof Decimal) return value;
  const whole = typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
  return whole ? Decimal.of({ coefficient: BigInt(value), exponent: 0 }) : undefined;
}

/** Takes zeros off the end, up to an exponent. */
function withoutZeros(digits: Digits, upTo: number): Digits {
  let { coefficient, exponent } = digits;
  if (coefficient === 0n) return { coefficient, exponent: Number.isFinite(upTo) ? upTo : 0 };
  while (exponent < upTo && coefficient % 10n === 0n) {
    coefficient /= 10n;
    exponent++;
  }
  return { coefficient, exponent };
}

/** As exact as the precision lets it be; no more digits than it needs where it is exact. */
function quotient(left: Digits, right: Digits): Digits {
  const ideal = left.exponent - right.exponent;
  if (left.coefficient === 0n) return { coefficient: 0n, exponent: ideal };
  const shift = Math.max(0, widthOf(right.coefficient) - widthOf(left.coefficient) + precision + 1);
  const sign = left.coefficient < 0n !== right.coefficient < 0n ? -1n : 1n;
  const scaled = absolute(left.coefficient) * ten(shift);
  const by = absolute(right.coefficient);
  const exact = scaled % by === 0n;
  // A digit of its own for what is left over, so that no half is seen where it is more.
  const coefficient = sign * (exact ? scaled / by : (scaled / by) * 10n + 1n);
  const found = { coefficient, exponent: ideal - shift - (exact ? 0 : 1) };
  return exact ? toPrecision(withoutZeros(found, ideal)) : toPrecision(found);
}

function power(base: Digits, by: Digits): Decimal {
  const whole = by.exponent >= 0 ? by.coefficient * ten(by.exponent) : undefined;
  if (whole === undefined || whole < 0n || whole > 1000n) return fail("this power of a Decimal is not supported");
  return Decimal.of(toPrecision({ coefficient: base.coefficient ** whole, exponent: base.exponent * Number(whole) }));
}

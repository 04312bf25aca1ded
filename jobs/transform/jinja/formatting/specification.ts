import { Decimal, digitsOf, rescale } from "../decimal.ts";
import { isNumber, isWhole, numberOf } from "../numbers.ts";
import { floatText, lengthOf, str } from "../text.ts";
import { Float, fail, NativeValue, typeOf, type Value } from "../values.ts";

/** What stands after the colon in `{:>10,.2f}`. */
type Specification = {
  fill: string;
  align: string;
  sign: string;
  alternate: boolean;
  zero: boolean;
  width: number;
  group: string;
  precision: number | undefined;
  kind: string;
};

function readSpecification(text: string): Specification {
  const found = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su.exec(text);
  if (!found) return fail(`'${text}' is no format specification`);
  const [, fill, align = "", sign = "-", alternate, zero, width, group = "", precision, kind = ""] = found;
  return {
    ...{ align, sign, group, kind },
    fill: fill ?? (zero && align === "" ? "0" : " "),
    alternate: alternate !== undefined,
    zero: zero !== undefined,
    width: Number(width ?? 0),
    precision: precision === undefined ? undefined : Number(precision),
  };
}

/** Python's format(value, specification). */
export function formatValue(value: Value, text: string): string {
  if (isNumber(value) && !(typeof value === "boolean" && text === "")) {
    return text === "" ? str(value) : formatNumber(value, readSpecification(text));
  }
  if (value instanceof NativeValue) return value.format(text);
  if (text === "") return str(value);
  if (typeof value !== "string") return fail(`a ${typeOf(value)} knows no format '${text}'`);
  const wanted = readSpecification(text);
  if (
    !["", "s"].includes(wanted.kind) ||
    wanted.align === "=" ||
    wanted.group ||
    wanted.alternate ||
    wanted.sign !== "-"
  ) {
    return fail(`a text knows no format '${text}'`);
  }
  const kept = wanted.precision === undefined ? value : [...value].slice(0, wanted.precision).join("");
  return padded(kept, wanted, "<");
}

function padded(text: string, { fill, align, width }: Specification, missing: string): string {
  const space = Math.max(0, width - lengthOf(text));
  const side = align || missing;
  if (side === "<") return text + fill.repeat(space);
  if (side === ">") return fill.repeat(space) + text;
  const left = Math.floor(space / 2);
  return fill.repeat(left) + text + fill.repeat(space - left);
}

function formatNumber(value: Value, wanted: Specification): string {
  const { kind } = wanted;
  if (isWhole(value) && ["", "d", "b", "o", "x", "X", "n", "c"].includes(kind))
    return formatWhole(BigInt(value), wanted);
  if (value instanceof Float && ["d", "b", "o", "x", "X", "c"].includes(kind))
    return fail(`a float knows no format '${kind}'`);
  if (!["", "e", "E", "f", "F", "g", "G", "%", "n"].includes(kind)) return fail(`a number knows no format '${kind}'`);
  if (value instanceof Decimal && !["f", "F", "%"].includes(kind)) {
    return kind === "" && wanted.precision === undefined
      ? framed(value.absolute().str(), value.negative, wanted)
      : fail(`a Decimal with the format '${kind}' is not supported`);
  }
  return formatReal(value, wanted);
}

function formatWhole(value: bigint, wanted: Specification): string {
  const { kind, precision } = wanted;
  if (precision !== undefined) return fail("a whole number knows no precision");
  if (kind === "c") return padded(String.fromCodePoint(Number(value)), wanted, "<");
  const base = { b: 2, o: 8, x: 16, X: 16 }[kind] ?? 10;
  const prefix = wanted.alternate && base !== 10 ? `0${kind}` : "";
  const figures = (value < 0n ? -value : value).toString(base);
  return framed(kind === "X" ? figures.toUpperCase() : figures, value < 0n, wanted, {
    prefix,
    every: base === 10 ? 3 : 4,
  });
}

/** Sign, groups of thousands and filling around the figures of a number. */
function framed(figures: string, negative: boolean, wanted: Specification, { prefix = "", every = 3 } = {}): string {
  const sign = (negative ? "-" : wanted.sign === "-" ? "" : wanted.sign) + prefix;
  const [, whole = "", rest = ""] = /^([0-9a-fA-F]*)(.*)$/s.exec(figures.replace(/^(\d+)(e)/i, "$1\u0000$2")) ?? [];
  const grouped = (text: string) =>
    wanted.group === "" ? text : text.replace(new RegExp(`\\B(?=(?:[0-9a-fA-F]{${every}})+$)`, "g"), wanted.group);
  const tail = rest.replace("\u0000", "");
  if (!(wanted.align === "=" || (wanted.zero && wanted.align === ""))) {
    return padded(sign + grouped(whole) + tail, wanted, ">");
  }
  if (wanted.fill !== "0" || wanted.group === "") {
    const body = grouped(whole) + tail;
    return sign + wanted.fill.repeat(Math.max(0, wanted.width - sign.length - body.length)) + body;
  }
  // Zeros that fill up are grouped too, which may give one more than was asked for.
  let filled = whole;
  while (sign.length + grouped(filled).length + tail.length < wanted.width) filled = `0${filled}`;
  return sign + grouped(filled) + tail;
}

function formatReal(value: Value, wanted: Specification): string {
  const number = numberOf(value);
  const { kind, precision } = wanted;
  const negative = number < 0 || Object.is(number, -0) || (value instanceof Decimal && value.negative);
  if (!Number.isFinite(number)) {
    const text = Number.isNaN(number) ? "nan" : "inf";
    return framed(/[EFG]/.test(kind) ? text.toUpperCase() : text, negative, { ...wanted, zero: false });
  }
  if (kind === "" && precision === undefined) return framed(floatText(Math.abs(number)), negative, wanted);
  const digits =
    value instanceof Decimal
      ? value.digits
      : isWhole(value)
        ? { coefficient: BigInt(value), exponent: 0 }
        : digitsOf(number);
  const positive = { ...digits, coefficient: digits.coefficient < 0n ? -digits.coefficient : digits.coefficient };
  const places = precision ?? 6;
  return framed(realFigures(positive, kind, places, wanted.alternate), negative, wanted);
}

/** The figures of a positive number, by the kind of its format. */
export function realFigures(
  digits: { coefficient: bigint; exponent: number },
  kind: string,
  places: number,
  alternate: boolean,
): string {
  const upper = /[EFG]/.test(kind);
  const shown = () => {
    switch (kind.toLowerCase()) {
      case "f":
        return fixed(digits, places);
      case "%":
        return `${fixed({ ...digits, exponent: digits.exponent + 2 }, places)}%`;
      case "e":
        return scientific(digits, places).text;
      default:
        return general(digits, Math.max(places, 1), alternate, kind === "");
    }
  };
  return upper ? shown().toUpperCase() : shown();
}

function fixed(digits: { coefficient: bigint; exponent: number }, places: number): string {
  const figures = rescale(digits, -places)
    .coefficient.toString()
    .padStart(places + 1, "0");
  return places === 0 ? figures : `${figures.slice(0, -places)}.${figures.slice(-places)}`;
}

function scientific(digits: { coefficient: bigint; exponent: number }, places: number) {
  let exponent = digits.coefficient === 0n ? 0 : digits.exponent + digits.coefficient.toString().length - 1;
  let figures = rescale(digits, exponent - places)
    .coefficient.toString()
    .padStart(places + 1, "0");
  if (figures.length > places + 1) {
    exponent++;
    figures = figures.slice(0, -1);
  }
  const power = `e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  return { text: figures.slice(0, 1) + (places > 0 ? `.${figures.slice(1)}` : "") + power, exponent, figures };
}

/** `g`: so many figures, with an exponent where that is shorter; without a kind, always with a point. */
function general(
  digits: { coefficient: bigint; exponent: number },
  places: number,
  alternate: boolean,
  point: boolean,
): string {
  const { exponent, text } = scientific(digits, places - 1);
  const small = exponent >= -4 && exponent < (point ? Math.min(places, 16) : places);
  const shown = small ? fixed(digits, Math.max(places - 1 - exponent, 0)) : text;
  if (alternate) return shown;
  const [mantissa = "", power = ""] = shown.split(/(?=e)/);
  const trimmed = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  return (point && small && !trimmed.includes(".") ? `${trimmed}.0` : trimmed) + power;
}

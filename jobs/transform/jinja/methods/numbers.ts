import { digitsOf } from "../decimal.ts";
import { whole } from "../numbers.ts";
import { bindMethod, type Method } from "../signature.ts";
import { Float, fail, tuple, type Value } from "../values.ts";

const wholeMethods: Record<string, Method<bigint>> = {
  as_integer_ratio: ["", (self) => tuple([whole(self), 1])],
  bit_count: ["", (self) => (self < 0n ? -self : self).toString(2).replaceAll("0", "").length],
  bit_length: ["", (self) => (self === 0n ? 0 : (self < 0n ? -self : self).toString(2).length)],
  conjugate: ["", (self) => whole(self)],
};

const floatMethods: Record<string, Method<number>> = {
  as_integer_ratio: ["", (self) => ratio(self)],
  conjugate: ["", (self) => new Float(self)],
  hex: ["", () => fail("hex() of a float is not supported")],
  is_integer: ["", (self) => Number.isInteger(self)],
};

function ratio(value: number): Value {
  if (!Number.isFinite(value)) return fail("what is not finite is no ratio");
  const { coefficient, exponent } = digitsOf(value);
  let [top, bottom] = [coefficient, 10n ** BigInt(-exponent)];
  for (let [a, b] = [top < 0n ? -top : top, bottom]; ; [a, b] = [b, a % b]) {
    if (b !== 0n) continue;
    if (a > 1n) [top, bottom] = [top / a, bottom / a];
    return tuple([whole(top), whole(bottom)]);
  }
}

/** What a number has besides what can be calculated with it. */
export function numberAttribute(of: number | bigint | boolean | Float, name: string): Value | undefined {
  if (of instanceof Float) {
    if (name === "real") return of;
    return name === "imag" ? new Float(0) : bindMethod(floatMethods, of.value, name);
  }
  if (name === "real" || name === "numerator") return whole(BigInt(of));
  if (name === "imag") return 0;
  return name === "denominator" ? 1 : bindMethod(wholeMethods, BigInt(of), name);
}

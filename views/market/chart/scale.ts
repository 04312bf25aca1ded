import { formatTicks } from "../../format.ts";
import { linearTicks, logTicks } from "../../ticks.ts";
import type { IndicatorKind } from "../indicators.ts";

/** From the lowest to the highest value of a pane; logarithmic only above nought. */
export type Scale = { min: number; max: number; isLog: boolean };

/** Room left below and above the values, as parts of their span. */
export type Room = { below: number; above: number };

/** The foot of the price's pane is left to the volume, where it is shown. */
export const roomOfPrice = (hasVolume: boolean): Room => ({ below: hasVolume ? 0.3 : 0.06, above: 0.1 });
export const roomOfPane: Room = { below: 0.08, above: 0.08 };

/** The volume's bars reach to this part of its scale, the foot of the price's pane. */
export const volumeShare = 4.6;

/** A scale that holds the values from `min` to `max` with room beside them. */
export function scaleOf(min: number, max: number, isLog: boolean, { below, above }: Room): Scale {
  if (isLog && min > 0) {
    const [low, high] = [Math.log(min), Math.log(max)];
    const span = high - low || 0.1;
    return { min: Math.exp(low - below * span), max: Math.exp(high + above * span), isLog: true };
  }
  const span = max - min || Math.abs(max) || 1;
  return { min: min - below * span, max: max + above * span, isLog: false };
}

/** How far up a value stands: 0 at the foot of the scale, 1 at its top. */
export function shareOf({ min, max, isLog }: Scale, value: number): number {
  if (!isLog) return (value - min) / (max - min);
  return value > 0 ? Math.log(value / min) / Math.log(max / min) : 0;
}

/** The marks of a scale; of prices none below nought. */
export const marksOf = ({ min, max, isLog }: Scale, most: number): number[] =>
  isLog ? logTicks(min, max, most) : linearTicks(min, max, most);

const isFraction = (kind: IndicatorKind) => kind === "change" || kind === "percent";

/** The texts of marks, all in the unit of their kind. */
export const markTexts = (kind: IndicatorKind, marks: readonly number[]): string[] =>
  isFraction(kind)
    ? formatTicks(marks.map((mark) => Number((mark * 100).toPrecision(12)))).map((text) => `${text}%`)
    : formatTicks(marks);

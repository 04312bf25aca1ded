import { sessionsAYear } from "../curve.ts";
import { at } from "../strategy.ts";
import type { CurveData } from "./curve-data.ts";

/** The same day so many months before; "2024-02-31" where a month has no such day, which is after all that it has. */
function monthsBefore(date: string, months: number): string {
  const month = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1 - months;
  const [year, ofYear] = [Math.floor(month / 12), (month % 12) + 1];
  return `${String(year).padStart(4, "0")}-${String(ofYear).padStart(2, "0")}-${date.slice(8)}`;
}

/** Returns up to the last session; NaN where the run does not go back so far. */
export function trailingFigures({ dates, equity, settings }: CurveData) {
  const end = dates.length - 1;
  const last = dates[end] ?? "";
  const since = (isBefore: (date: string) => boolean, orCapital: boolean) => {
    const from = dates.findLastIndex(isBefore);
    const start = from >= 0 ? at(equity, from) : orCapital ? settings.capital : Number.NaN;
    return { total: start > 0 ? at(equity, end) / start - 1 : Number.NaN, sessions: end - from };
  };
  const back = (months: number) => since((date) => date <= monthsBefore(last, months), false);
  const yearly = (months: number) => {
    const { total, sessions } = back(months);
    return (1 + total) ** (sessionsAYear / sessions) - 1;
  };
  return {
    monthToDate: since((date) => date < last.slice(0, 7), true).total,
    threeMonths: back(3).total,
    sixMonths: back(6).total,
    yearToDate: since((date) => date < last.slice(0, 4), true).total,
    oneYear: back(12).total,
    threeYears: yearly(36),
    fiveYears: yearly(60),
    tenYears: yearly(120),
  };
}

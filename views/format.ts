/** Every number, date and duration on a page goes through here, so that all pages tell them alike. */

const newYork = "America/New_York";
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const oneDecimal = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en-US", {
  notation: "compact",
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });
const significant = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 6 });
const percents = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const minute = new Intl.DateTimeFormat("en-GB", {
  timeZone: newYork,
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const second = new Intl.DateTimeFormat("en-GB", {
  timeZone: newYork,
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: newYork,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** What stands where there is no value. */
export const none = "–";

/** A minus sign as wide as a plus, where the formatter puts a hyphen. */
const trueMinus = (text: string) => text.replace("-", "\u2212");

/** 1234567 as "1,234,567". */
export const formatInteger = (value: number) => trueMinus(whole.format(value));

/** 1234567 as "1.23M", for figures where the last digits say nothing. */
export const formatCompact = (value: number) =>
  Math.abs(value) < 1000 ? formatInteger(value) : trueMinus(compact.format(value));

/** A number of which nothing is known: six digits that say something, large ones in short. */
export const formatNumber = (value: number) =>
  Math.abs(value) < 1e6 ? trueMinus(significant.format(value)) : formatCompact(value);

/** 46,578 as "46.6K", where there is little room. */
export const formatShort = (value: number) => trueMinus(short.format(value));

/** A count with its noun: "1 session", "1,200 sessions". */
export const formatCount = (value: number, singular: string, plural = `${singular}s`) =>
  `${formatInteger(value)} ${value === 1 ? singular : plural}`;

const fixed = new Map<number, Intl.NumberFormat>();

/** A number with so many digits after the point; making a format takes longer than using it. */
function formatFixed(value: number, digits: number): string {
  const format =
    fixed.get(digits) ??
    new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  fixed.set(digits, format);
  return trueMinus(format.format(value));
}

/** Beyond this many digits after the point a price is told as nothing. */
const mostPriceDigits = 14;

/** Digits after the point that tell a price: cents, below a dollar hundredths of them, below a cent three that say something. */
function priceDigits(price: number): number {
  const size = Math.abs(price);
  if (size >= 1 || size === 0) return 2;
  return Math.min(mostPriceDigits, Math.max(4, 2 - Math.floor(Math.log10(size))));
}

/** Dollars: cents, and below a dollar as many digits as say something. */
export const formatPrice = (value: number | null | undefined) => {
  if (value === null || value === undefined) return none;
  return formatFixed(value, priceDigits(value));
};

/** A move in dollars with its sign, as precise as the price that it moved. */
export const formatMove = (change: number, price: number) =>
  `${change > 0 ? "+" : ""}${formatFixed(change, priceDigits(price))}`;

/** Digits after the point that a number needs. */
function digitsOf(value: number): number {
  for (let digits = 0; digits < mostPriceDigits; digits += 1) {
    const scaled = value * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) <= Math.abs(scaled) * 1e-9) return digits;
  }
  return mostPriceDigits;
}

const tickUnits: readonly [size: number, name: string][] = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
];

/** The marks of one axis, all in the same unit and with as many digits as the finest of them needs; each with its own over many decades. */
export function formatTicks(marks: readonly number[]): string[] {
  const sizes = marks.map((mark) => Math.abs(mark)).filter((size) => size > 0);
  const largest = Math.max(0, ...sizes);
  const isWide = largest / Math.min(...sizes) >= 1000 && digitsOf(Math.min(...sizes)) > 1;
  const [size, name] = tickUnits.find(([unit]) => largest >= unit) ?? [1, ""];
  const digits = Math.max(0, ...marks.map((mark) => digitsOf(mark / size)));
  return marks.map((mark) => `${formatFixed(mark / size, isWide ? digitsOf(mark / size) : digits)}${name}`);
}

/** A fraction as a signed percentage: 0.0123 as "+1.23%". */
export const formatChange = (fraction: number | null | undefined) => {
  if (fraction === null || fraction === undefined) return none;
  const text = trueMinus(percents.format(fraction * 100));
  return `${fraction > 0 ? "+" : ""}${text}%`;
};

/** A fraction as a percentage without sign: 0.25 as "25.00%". */
export const formatPercent = (fraction: number | null | undefined) =>
  fraction === null || fraction === undefined ? none : `${percents.format(fraction * 100)}%`;

/** Bytes in the largest unit that leaves a digit before the point. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? formatInteger(value) : oneDecimal.format(value)} ${units[unit]}`;
}

/** Milliseconds as a person says them: "340 ms", "4.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${oneDecimal.format(ms / 1000)} s`;
  const [large, small, largeName, smallName] =
    ms < 3_600_000
      ? [60_000, 1000, "min", "s"]
      : ms < 86_400_000
        ? [3_600_000, 60_000, "h", "min"]
        : [86_400_000, 3_600_000, "d", "h"];
  const smalls = Math.round(ms / small);
  const perLarge = large / small;
  const rest = smalls % perLarge;
  return `${Math.floor(smalls / perLarge)} ${largeName}${rest ? ` ${rest} ${smallName}` : ""}`;
}

/** How long something took, or has been taking until `now`; a dash where it has not begun. */
export function formatElapsed(startedAt: Date | null, finishedAt: Date | null, now: Date): string {
  if (!startedAt) return none;
  return formatDuration((finishedAt ?? now).getTime() - startedAt.getTime());
}

/** Something a minute, with a decimal only where it matters. */
export const formatRate = (value: number) => (value >= 10 ? formatInteger(value) : oneDecimal.format(value));

export const monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const weekdayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** The weekday of an ISO date; Monday is 0. */
export const weekdayOf = (date: string) => (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;

/** An ISO date as "2 Jan 2025". By hand: a calendar has hundreds, and Intl takes 20 µs for each. */
export const formatDate = (date: string) =>
  `${Number(date.slice(8, 10))} ${monthNames[Number(date.slice(5, 7)) - 1]} ${date.slice(0, 4)}`;

/** An ISO date as "Thu 2 Jan 2025". */
export const formatSession = (date: string) => `${weekdayNames[weekdayOf(date)]} ${formatDate(date)}`;

/** A run's partition or range of them, as sessions where they are dates. */
export function formatPartition(partition: string | null, partitionTo: string | null): string {
  if (partition === null) return none;
  const tell = (text: string) => (/^\d{4}-\d{2}-\d{2}$/.test(text) ? formatDate(text) : text);
  return partitionTo === null || partitionTo === partition
    ? tell(partition)
    : `${tell(partition)} to ${tell(partitionTo)}`;
}

/** New York time to the minute: "20 Nov, 16:05". */
export const formatMinute = (at: Date) => minute.format(at);

/** New York time to the second: "20 Nov 2026, 16:05:12". */
export const formatSecond = (at: Date) => second.format(at);

/** New York time of day: "16:05:12". */
export const formatClock = (at: Date) => clock.format(at);

/** UTC to the second: "2026-11-20 21:05:12 UTC". */
export const formatUtc = (at: Date) => `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** How long ago, coarsely: "just now", "4 min ago", "3 h ago", "12 d ago". */
export function formatAgo(at: Date, now: Date): string {
  const ms = now.getTime() - at.getTime();
  if (ms < 5000) return "just now";
  if (ms < 60_000) return `${Math.round(ms / 1000)} s ago`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min ago`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h ago` : `${Math.round(ms / 86_400_000)} d ago`;
}

/** `rowsPerSecond` or `rows_per_second` as "Rows per second". */
export function formatLabel(key: string): string {
  const words = key
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .trim()
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** JSON of any shape as short text: numbers grouped, lists counted, objects as they are. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return none;
  if (typeof value === "number") return Number.isInteger(value) ? formatInteger(value) : String(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
    const shown = value.slice(0, 8).map(formatValue).join(", ");
    return value.length > 8 ? `${shown} and ${formatInteger(value.length - 8)} more` : shown || none;
  }
  return JSON.stringify(value);
}

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  holidayName,
  isSession,
  lastSettledSession,
  newYorkDate,
  nextSession,
  previousSession,
  sessionOf,
  sessionsBetween,
  settledSessions,
  settlesAt,
  upcomingSessions,
} from "../../../jobs/market/calendar.ts";
import { newYorkInstant } from "../../../jobs/market/new-york.ts";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";

/** Sessions a year as the exchange counted them to 2025, and as its published rules give them after. */
const sessionsPerYear: Record<number, number> = {
  1999: 252,
  2000: 252,
  2001: 248,
  2002: 252,
  2003: 252,
  2004: 252,
  2005: 252,
  2006: 251,
  2007: 251,
  2008: 253,
  2009: 252,
  2010: 252,
  2011: 252,
  2012: 250,
  2013: 252,
  2014: 252,
  2015: 252,
  2016: 252,
  2017: 251,
  2018: 251,
  2019: 252,
  2020: 253,
  2021: 252,
  2022: 251,
  2023: 250,
  2024: 252,
  2025: 250,
  2026: 251,
  2027: 251,
  2028: 251,
  2029: 251,
  2030: 251,
};

/** Every session that closed before 16:00. */
const earlyCloses =
  "1999-11-26 2000-07-03 2000-11-24 2001-07-03 2001-11-23 2001-12-24 2002-07-05 2002-11-29 2002-12-24 2003-07-03 2003-11-28 2003-12-24 " +
  "2003-12-26 2004-11-26 2005-06-01 2005-11-25 2006-07-03 2006-11-24 2007-07-03 2007-11-23 2007-12-24 2008-07-03 2008-11-28 2008-12-24 " +
  "2009-11-27 2009-12-24 2010-11-26 2011-11-25 2012-07-03 2012-11-23 2012-12-24 2013-07-03 2013-11-29 2013-12-24 2014-07-03 2014-11-28 " +
  "2014-12-24 2015-11-27 2015-12-24 2016-11-25 2017-07-03 2017-11-24 2018-07-03 2018-11-23 2018-12-24 2019-07-03 2019-11-29 2019-12-24 " +
  "2020-11-27 2020-12-24 2021-11-26 2022-11-25 2023-07-03 2023-11-24 2024-07-03 2024-11-29 2024-12-24 2025-07-03 2025-11-28 2025-12-24 " +
  "2026-11-27 2026-12-24 2027-11-26 2028-07-03 2028-11-24 2029-07-03 2029-11-23 2029-12-24 2030-07-03 2030-11-29 2030-12-24";

const anyDate = fc
  .integer({ min: Date.UTC(1999, 0, 8) / 86_400_000, max: Date.UTC(2030, 11, 20) / 86_400_000 })
  .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10));

describe("sessions", () => {
  test("each year has as many as the exchange counted", () => {
    const counted = Object.fromEntries(
      Object.keys(sessionsPerYear).map((year) => [year, sessionsBetween(`${year}-01-01`, `${year}-12-31`).length]),
    );
    expect(counted as Record<string, number>).toEqual(sessionsPerYear);
  });

  test.each([
    ["2001-09-11", "Attacks of 11 September 2001"],
    ["2001-09-14", "Attacks of 11 September 2001"],
    ["2004-06-11", "Mourning for President Reagan"],
    ["2007-01-02", "Mourning for President Ford"],
    ["2012-10-29", "Hurricane Sandy"],
    ["2012-10-30", "Hurricane Sandy"],
    ["2018-12-05", "Mourning for President George H. W. Bush"],
    ["2025-01-09", "Mourning for President Carter"],
    ["2020-04-10", "Good Friday"],
    ["2020-07-03", "Independence Day"],
    ["2022-06-20", "Juneteenth National Independence Day"],
    ["2023-01-02", "New Year's Day"],
  ])("%s is closed for %s", (date, name) => {
    expect(isSession(date)).toBe(false);
    expect(sessionOf(date)).toBeUndefined();
    expect(holidayName(date)).toBe(name);
  });

  test("a New Year's Day on a Saturday closes no Friday of the old year", () => {
    expect(["2004-12-31", "2010-12-31", "2021-12-31", "2027-12-31"].map(isSession)).toEqual([true, true, true, true]);
  });

  test("Juneteenth is a holiday from 2022 on", () => {
    expect([isSession("2020-06-19"), isSession("2021-06-18"), isSession("2023-06-19")]).toEqual([true, true, false]);
  });

  test("a weekend is closed without being a holiday", () => {
    expect([isSession("2025-01-04"), holidayName("2025-01-04")]).toEqual([false, undefined]);
  });

  test("a range includes both its ends and keeps Fridays", () => {
    expect(sessionsBetween("2025-01-02", "2025-01-10")).toEqual([
      "2025-01-02",
      "2025-01-03",
      "2025-01-06",
      "2025-01-07",
      "2025-01-08",
      "2025-01-10",
    ]);
    expect(sessionsBetween("2025-01-04", "2025-01-05")).toEqual([]);
    expect(sessionsBetween("2025-02-03", "2025-01-02")).toEqual([]);
  });

  test("next and previous undo each other from any date", () => {
    fc.assert(
      fc.property(anyDate, (date) => {
        const [next, previous] = [nextSession(date), previousSession(date)];
        expect(previous < date && date < next).toBe(true);
        expect(sessionsBetween(previous, next)).toEqual(isSession(date) ? [previous, date, next] : [previous, next]);
        expect(previousSession(next)).toBe(isSession(date) ? date : previous);
      }),
    );
  });

  test.each(["1998-12-31", "2031-01-02", "2025-02-30", "yesterday", "2025-1-2", ""])("%p is refused", (date) => {
    expect(() => isSession(date)).toThrow(PermanentError);
  });

  test("the ends of the calendar have nothing beyond", () => {
    expect(() => nextSession("2030-12-31")).toThrow("ends on 2030-12-31");
    expect(() => previousSession("1999-01-04")).toThrow("begins on 1999-01-01");
  });
});

test.each(["Asia/Tokyo", "America/Sao_Paulo"])("a machine in %s has the same calendar", (zone) => {
  const script = `
    import { sessionOf, sessionsBetween } from "${import.meta.dir}/../../../jobs/market/calendar.ts";
    const sessions = sessionsBetween("1999-01-01", "2030-12-31").map((date) => sessionOf(date));
    process.stdout.write(String(Bun.hash(JSON.stringify(sessions))));`;
  const { stdout } = Bun.spawnSync([process.execPath, "-e", script], { env: { ...process.env, TZ: zone } });
  const here = sessionsBetween("1999-01-01", "2030-12-31").map((date) => sessionOf(date));
  expect(stdout.toString()).toBe(String(Bun.hash(JSON.stringify(here))));
});

describe("hours", () => {
  test("every early close is known, and nothing else is one", () => {
    const early = sessionsBetween("1999-01-01", "2030-12-31").filter((date) => sessionOf(date)?.earlyClose);
    expect(early).toEqual(earlyCloses.split(" "));
  });

  test("hours are instants of New York, on both sides of a clock change", () => {
    expect(sessionOf("2025-03-07")).toEqual({
      date: "2025-03-07",
      opensAt: new Date("2025-03-07T14:30:00Z"),
      closesAt: new Date("2025-03-07T21:00:00Z"),
      earlyClose: false,
    });
    expect(sessionOf("2025-03-10")?.opensAt).toEqual(new Date("2025-03-10T13:30:00Z"));
    expect(sessionOf("2025-11-28")?.closesAt).toEqual(new Date("2025-11-28T18:00:00Z"));
    expect(sessionOf("2002-09-11")?.opensAt).toEqual(new Date("2002-09-11T16:00:00Z"));
  });

  test("the date of New York changes at its own midnight", () => {
    expect(newYorkDate(new Date("2025-01-03T04:59:59.999Z"))).toBe("2025-01-02");
    expect(newYorkDate(new Date("2025-01-03T05:00:00Z"))).toBe("2025-01-03");
    expect(newYorkDate(Date.parse("2025-07-01T03:59:59Z"))).toBe("2025-06-30");
    expect(() => newYorkDate(Number.NaN)).toThrow(PermanentError);
  });

  test("a date's midnight in New York is on that date, and the minute before is not", () => {
    fc.assert(
      fc.property(anyDate, (date) => {
        const midnight = newYorkInstant(date, 0).getTime();
        expect(newYorkDate(midnight)).toBe(date);
        expect(newYorkDate(midnight - 60_000) < date).toBe(true);
      }),
    );
  });
});

describe("settling", () => {
  test("a session settles five hours after the regular close, even after an early one", () => {
    expect(settlesAt("2025-01-02")).toEqual(new Date("2025-01-03T02:00:00Z"));
    expect(settlesAt("2025-11-28")).toEqual(new Date("2025-11-29T02:00:00Z"));
    expect(() => settlesAt("2025-01-04")).toThrow("not a trading session");
  });

  test("the last settled session is found across any closure", () => {
    expect(lastSettledSession(new Date("2025-01-04T01:59:59.999Z"))).toBe("2025-01-02");
    expect(lastSettledSession(new Date("2025-01-04T02:00:00Z"))).toBe("2025-01-03");
    expect(lastSettledSession(new Date("2001-09-17T23:00:00Z"))).toBe("2001-09-10");
    expect(lastSettledSession(new Date("2001-09-18T01:00:00Z"))).toBe("2001-09-17");
  });

  test("the ends of the calendar have a last settled session and upcoming ones, as far as it knows any", () => {
    expect(lastSettledSession(new Date("1998-06-01T00:00:00Z"))).toBeNull();
    expect(lastSettledSession(new Date("1999-01-03T00:00:00Z"))).toBeNull();
    expect(lastSettledSession(new Date("2031-01-01T02:00:00Z"))).toBe("2030-12-31");
    expect(lastSettledSession(new Date("2031-01-02T12:00:00Z"))).toBe("2030-12-31");
    expect(lastSettledSession(new Date("2040-01-01T00:00:00Z"))).toBe("2030-12-31");
    expect(upcomingSessions(new Date("1998-06-01T00:00:00Z"), 1)).toEqual(["1999-01-04"]);
    expect(upcomingSessions(new Date("2031-01-02T12:00:00Z"), 1)).toEqual([]);
  });

  test("the last settled session and the next one are the two around an instant", () => {
    const anyInstant = fc.date({ min: new Date("2000-01-01"), max: new Date("2030-12-30"), noInvalidDate: true });
    fc.assert(
      fc.property(anyInstant, (now) => {
        const last = settledSessions("1999-01-01", now).at(-1) ?? "";
        expect(lastSettledSession(now)).toBe(last);
        expect(upcomingSessions(now, 1)).toEqual([nextSession(last)]);
      }),
    );
  });

  test("today counts from the instant it settles", () => {
    expect(settledSessions("2025-01-02", new Date("2025-01-04T01:59:59.999Z"))).toEqual(["2025-01-02"]);
    expect(settledSessions("2025-01-02", new Date("2025-01-04T02:00:00Z"))).toEqual(["2025-01-02", "2025-01-03"]);
    expect(settledSessions("2025-01-06", new Date("2025-01-04T02:00:00Z"))).toEqual([]);
  });

  test("a session is settled exactly when its instant has come", () => {
    const anyInstant = fc.date({ min: new Date("2000-01-01"), max: new Date("2030-12-30"), noInvalidDate: true });
    fc.assert(
      fc.property(anyInstant, (now) => {
        const from = previousSession(previousSession(newYorkDate(now)));
        const candidates = sessionsBetween(from, newYorkDate(now));
        expect(settledSessions(from, now)).toEqual(candidates.filter((date) => settlesAt(date) <= now));
      }),
    );
  });
});

import type { Quarantined } from "../../db/queries/market/read-quarantines.ts";
import type { ScreenResult } from "../../db/queries/market/read-screener.ts";
import type { Indicator } from "./indicators.ts";

export type SortHeader = {
  key: string;
  label: string;
  hint: string | null;
  isNumber: boolean;
  sorted: "ascending" | "descending" | null;
  /** The same screen sorted by it, or the other way round. */
  url: string;
};

export type ScreenFilter = {
  indicator: Indicator;
  min: number | null;
  max: number | null;
  /** The screen without it. */
  without: string;
};

/** A filter by the texts of a column, or by its yes and no. */
export type ChoiceField = {
  indicator: Indicator;
  isYesOrNo: boolean;
  chosen: string[];
  /** What is chosen, as it is typed. */
  typed: string;
  /** Null where there are too many to list, or they cannot be read. */
  choices: { text: string; value: string; count: number; isChosen: boolean }[] | null;
};

/** What became of the tickers of a session of the past. */
export type SurvivorshipView = Pick<ScreenResult, "listed" | "surviving" | "medianLater" | "medianLaterSurviving"> & {
  session: string;
};

export type ScreenView = {
  query: string;
  type: string;
  types: { type: string; count: number }[];
  /** The day asked for; empty for the newest session. */
  date: string;
  /** The session shown; null where none was before the day. */
  session: string | null;
  newest: string;
  survivors: boolean;
  /** Null for the newest session, which all of its tickers have survived. */
  survivorship: SurvivorshipView | null;
  filters: ScreenFilter[];
  /** Of the people's own models. */
  fields: ChoiceField[];
  sort: string;
  columns: Indicator[];
  /** Columns that were asked for and that a past session does not have: kept for when there is a newer one. */
  keptColumns: string[];
  /** Every column that can be chosen. */
  groups: { group: string; indicators: (Indicator & { isShown: boolean })[] }[];
  headers: SortHeader[];
  presets: { id: string; label: string; url: string; isCurrent: boolean }[];
  rows: {
    ticker: string;
    name: string | null;
    type: string | null;
    delistedOn: string | null;
    survives: boolean;
    /** Why its newest rows are not published; null where none is held back. */
    quarantined: Quarantined | null;
    values: (number | string | boolean | null)[];
  }[];
  matches: number;
  from: number;
  newer: string | null;
  older: string | null;
  csvUrl: string;
  apiUrl: string;
  /** The page's own address. */
  url: string;
  problems: { field: string; message: string }[];
};

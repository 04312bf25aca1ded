import type { DataAlertCrossing } from "../../db/queries/market/data-alerts.ts";

/** An alert on data as pages list it. */
export type DataAlertView = {
  id: number;
  name: string;
  /** What it is about, and where that is looked at; null where its screen is gone for good. */
  subject: { label: string; href: string } | null;
  isScreen: boolean;
  /** What it waits for, in words. */
  condition: string;
  tellsLeaving: boolean;
  tellsAtOnce: boolean;
  paused: boolean;
  problem: string | null;
  checkedAt: Date | null;
  checkedSession: string | null;
  /** How many are inside; null before the first check. */
  inside: number | null;
  /** The last that it told, in words. */
  last: { session: string; text: string } | null;
  createdAt: Date;
  createdBy: string;
};

/** The alerts on data, and what was deleted of them. */
export type DataAlertList = {
  alerts: DataAlertView[];
  deleted: { id: number; name: string; deletedAt: Date; goneAt: Date }[];
  /** The one that was deleted just now. */
  undo: { id: number; name: string } | null;
};

/** What a person typed into a form of an alert, as they typed it. */
export type DataAlertDraft = {
  kind: "ticker" | "screen";
  name: string;
  ticker: string;
  column: string;
  operator: string;
  value: string;
  screen: string;
  /** The query of a screen that is not saved yet. */
  query: string;
  tellLeaving: boolean;
  tellAtOnce: boolean;
};

/** What the forms offer, and what was typed. */
export type DataAlertForm = {
  draft: DataAlertDraft;
  /** By field; under `form` what belongs to none. */
  errors: Record<string, string>;
  columns: { group: string; columns: { name: string; label: string }[] }[];
  screens: { id: number; name: string }[];
  /** What a screen that is not saved yet looks for, in words. */
  queryText: string;
};

/** One alert on data with who crossed, the newest first. */
export type DataAlertPage = {
  alert: DataAlertView;
  form: DataAlertForm;
  crossings: DataAlertCrossing[];
  isFirstPage: boolean;
  older: number | null;
  /** Whether anybody is told. */
  hasChannels: boolean;
};

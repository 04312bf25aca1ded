import { z } from "zod";
import type { AlertSettings } from "../jobs/alerts/types.ts";

/** One address, alone or as `Name <name@domain>`; a line break in it would begin another header. */
const isAddress = (text: string) => /^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(text);
const isSender = (text: string) => {
  const named = /^[^<>@,;"\p{Cc}]*<([^<>]+)>$/u.exec(text);
  return isAddress(named?.[1] ?? text);
};

function isMailServer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isPlain = (url.pathname === "" || url.pathname === "/") && url.search === "" && url.hash === "";
  const hasWholeLogin = (url.username === "") === (url.password === "");
  return (
    ["smtp:", "smtps:"].includes(url.protocol) && url.hostname !== "" && isPlain && hasWholeLogin && isDecodable(url)
  );
}

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username);
    decodeURIComponent(password);
    return true;
  } catch {
    return false;
  }
}

const isWebAddress = (text: string) => URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
const isBareWebAddress = (text: string) => isWebAddress(text) && !/[?#]/.test(text);

/** The variables about alerts: how each is read, and what is allowed, in words for the error. */
export const alertVariables = {
  ALERT_WEBHOOK_URL: {
    schema: z.string().refine(isWebAddress),
    allowed: "an http or https URL that takes JSON, such as https://hooks.slack.com/services/…",
  },
  ALERT_EMAIL_TO: {
    schema: z
      .string()
      .transform((text) => text.split(",").map((entry) => entry.trim()))
      .refine((entries) => entries.every(isAddress)),
    allowed: "e-mail addresses separated by commas",
  },
  ALERT_EMAIL_FROM: {
    schema: z.string().refine(isSender),
    allowed: "an e-mail address, such as barline@example.org or Barline <barline@example.org>",
  },
  SMTP_URL: {
    schema: z.string().refine(isMailServer),
    allowed: "smtp://user:password@host:587 or smtps://user:password@host, percent-encoded",
  },
  PUBLIC_URL: {
    schema: z
      .string()
      .refine(isBareWebAddress)
      .transform((text) => text.replace(/\/+$/, "")),
    allowed: "the http or https URL at which people reach this dashboard, such as https://barline.example.org",
  },
  ALERT_STALE_AFTER_HOURS: {
    schema: z
      .string()
      .regex(/^\d{1,3}$/)
      .transform(Number)
      .refine((value) => value >= 1 && value <= 168),
    allowed: "a whole number from 1 to 168",
  },
} satisfies Record<string, { schema: z.ZodType; allowed: string }>;

type Values = { [Name in keyof typeof alertVariables]?: z.output<(typeof alertVariables)[Name]["schema"]> };

const emailVariables = ["ALERT_EMAIL_TO", "ALERT_EMAIL_FROM", "SMTP_URL"] as const;
const defaultStaleAfterHours = 4;

/** What the variables say together. Answers the message of what is wrong where some are missing. */
export function alertSettings(values: Values): AlertSettings | string {
  const { ALERT_EMAIL_TO: to, ALERT_EMAIL_FROM: from, SMTP_URL: smtpUrl } = values;
  const missing = emailVariables.filter((name) => values[name] === undefined);
  if (missing.length > 0 && missing.length < emailVariables.length) {
    return `ALERT_EMAIL_TO, ALERT_EMAIL_FROM and SMTP_URL go together: ${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not set.`;
  }
  return {
    webhookUrl: values.ALERT_WEBHOOK_URL ?? null,
    email: to && from !== undefined && smtpUrl !== undefined ? { to, from, smtpUrl } : null,
    publicUrl: values.PUBLIC_URL ?? null,
    staleAfterHours: values.ALERT_STALE_AFTER_HOURS ?? defaultStaleAfterHours,
  };
}

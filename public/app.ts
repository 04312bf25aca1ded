import { wireCalendar } from "./calendar.ts";
import { wireChoice } from "./choose.ts";
import { wireMenus } from "./navigation.ts";
import { tellOwnTimes } from "./own-time.ts";
import { openPalette, wirePalette } from "./palette.ts";
import { wireShortcuts } from "./shortcuts.ts";

/** Told on the document when the theme changes, for what is drawn on a canvas. */
const themeEvent = "barline:theme";

function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
}

function wireTheme(): void {
  const button = document.querySelector<HTMLButtonElement>("#theme-toggle");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
    document.dispatchEvent(new Event(themeEvent));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.dispatchEvent(new Event(themeEvent));
  });
}

/** What is on a canvas is drawn for paper as the rest of the page is, and for the screen again after that. */
function wirePrinting(): void {
  const root = document.documentElement;
  let chosen: string | undefined;
  const draw = () => document.dispatchEvent(new Event(themeEvent));
  addEventListener("beforeprint", () => {
    chosen = root.dataset.theme;
    root.dataset.theme = "light";
    draw();
  });
  addEventListener("afterprint", () => {
    if (chosen === undefined) delete root.dataset.theme;
    else root.dataset.theme = chosen;
    draw();
  });
}

const ownTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** The server tells New York time and UTC; only the browser knows the reader's own zone. */
function addOwnTime(event: Event): void {
  const time = event.target instanceof Element ? event.target.closest<HTMLTimeElement>("time[datetime]") : null;
  if (!time || time.title.includes("your time")) return;
  time.title = `${time.title}, ${ownTime.format(new Date(time.dateTime))} your time`;
}

/**
 * A button that sends is disabled on the way, and loses the focus: what came back takes it, the first fault before all. Never the
 * button that starts: who pressed Enter twice would have started what nobody has read.
 */
function restoreFocus(): void {
  if (document.activeElement !== document.body) return;
  const form = document.querySelector("form#backfill");
  const fault = form?.querySelector<HTMLElement>("[aria-invalid=true]");
  (fault ?? form?.querySelector<HTMLElement>(".preview"))?.focus({ preventScroll: !fault });
}

/** Whether the request that htmx ends was sent from the form; pages that refresh themselves leave the focus alone. */
function afterSending(event: Event): void {
  if (event.target instanceof Element && event.target.id === "backfill") setTimeout(restoreFocus);
}

wireTheme();
wirePrinting();
wireMenus();
wirePalette();
wireShortcuts(openPalette);
wireCalendar();
wireChoice();
tellOwnTimes();
document.addEventListener("htmx:finally:request", afterSending);
document.addEventListener("pointerover", addOwnTime);
document.addEventListener("focusin", addOwnTime);

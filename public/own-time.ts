const minute = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** Fills in the times that only the browser can tell: those of the reader's own zone, which is named beside them. */
export function tellOwnTimes(): void {
  for (const cell of document.querySelectorAll<HTMLElement>("[data-own-time]")) {
    cell.textContent = minute.format(new Date(cell.dataset.ownTime ?? ""));
    cell.hidden = false;
  }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll("_", " ");
  for (const heading of document.querySelectorAll<HTMLElement>("[data-own-zone]")) {
    heading.textContent = `Due where you are (${zone})`;
    heading.hidden = false;
  }
}

const days = ".year-map a.day";

/** One tab stop a map: the arrow keys go from day to day in it, as the eye does. */
function placeTabStops(): void {
  for (const map of document.querySelectorAll(".year-map")) {
    const all = [...map.querySelectorAll<HTMLAnchorElement>("a.day")];
    const stop = all.find((day) => day === document.activeElement || day.ariaCurrent === "date") ?? all[0];
    for (const day of all) day.tabIndex = day === stop ? 0 : -1;
  }
}

/** Days to go for each key; a week is a column of five. */
const steps: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -5, ArrowRight: 5 };

function move(event: KeyboardEvent): void {
  const day = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>(days) : null;
  const map = day?.closest(".year-map");
  if (!day || !map || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...map.querySelectorAll<HTMLAnchorElement>("a.day")];
  const last = all.length - 1;
  const step = steps[event.key];
  const at = event.key === "Home" ? 0 : event.key === "End" ? last : step === undefined ? -1 : all.indexOf(day) + step;
  const target = all[at];
  if (!target) return;
  event.preventDefault();
  day.tabIndex = -1;
  target.tabIndex = 0;
  target.focus();
}

/** Tells the day under the pointer or the focus where all can read it. */
function tell(event: Event): void {
  const readout = document.querySelector("#calendar-readout");
  const day = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>(days) : null;
  if (readout && day) readout.textContent = day.ariaLabel;
}

/** Makes the year maps of the calendar quick to walk through; without it each day is a link like any other. */
export function wireCalendar(): void {
  placeTabStops();
  document.addEventListener("htmx:finally:request", placeTabStops);
  document.addEventListener("keydown", move);
  document.addEventListener("pointerover", tell);
  document.addEventListener("focusin", tell);
}

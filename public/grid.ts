/** Arrow keys in the grid's tables, and a line that tells what one points at. Without it every cell is a plain link. */

const tableOf = (element: Element) => element.closest<HTMLTableElement>(".grid-table");

/** The rows that hold links at the same place: the heads of the runs, then the tasks. */
const rowsOf = (table: HTMLTableElement) => [...table.rows].filter((row) => !row.classList.contains("grid-months"));

const linkAt = (row: HTMLTableRowElement | undefined, column: number) =>
  row?.cells[column]?.querySelector<HTMLAnchorElement>("a") ?? null;

/** Where each table was left, by the link's address: refreshing moves runs to the left, and the place goes with the run. */
const places = new Map<string, string>();

/** One stop for the tab key in each table: where one was, or the newest run. */
function setTabStops(table: HTMLTableElement): void {
  const links = [...table.querySelectorAll<HTMLAnchorElement>("a")];
  const place = places.get(table.id);
  const newest = linkAt(rowsOf(table)[0], (rowsOf(table)[0]?.cells.length ?? 0) - 1);
  const stop = links.find((link) => link.getAttribute("href") === place) ?? newest;
  for (const link of links) link.tabIndex = link === stop ? 0 : -1;
}

function moveStop(link: HTMLAnchorElement): void {
  const table = tableOf(link);
  if (!table) return;
  for (const former of table.querySelectorAll<HTMLAnchorElement>('a[tabindex="0"]')) former.tabIndex = -1;
  link.tabIndex = 0;
  places.set(table.id, link.getAttribute("href") ?? "");
}

/** Columns that the page keys jump. */
const pageColumns = 20;

/** The link that a key leads to from a cell; null where it leads nowhere. */
function destination(link: HTMLAnchorElement, key: string): HTMLAnchorElement | null {
  const cell = link.closest<HTMLTableCellElement>("td, th");
  const table = tableOf(link);
  if (!cell || !table) return null;
  const rows = rowsOf(table);
  const row = rows.indexOf(cell.parentElement as HTMLTableRowElement);
  const column = cell.cellIndex;
  const last = (rows[row]?.cells.length ?? 1) - 1;
  const within = (wanted: number) => linkAt(rows[row], Math.min(last, Math.max(1, wanted)));
  switch (key) {
    case "ArrowLeft":
      return within(column - 1);
    case "ArrowRight":
      return within(column + 1);
    case "ArrowUp":
      return linkAt(rows[row - 1], column);
    case "ArrowDown":
      return linkAt(rows[row + 1], column);
    case "Home":
      return within(1);
    case "End":
      return within(last);
    case "PageUp":
      return within(column - pageColumns);
    case "PageDown":
      return within(column + pageColumns);
    default:
      return null;
  }
}

/** Of a cell: what its run is, which task, and how that stands. Heads tell by themselves, in the style sheet. */
function describe(link: HTMLAnchorElement): string {
  const cell = link.closest<HTMLTableCellElement>("td");
  const table = tableOf(link);
  if (!cell || !table) return "";
  const task = (cell.parentElement as HTMLTableRowElement).cells[0]?.textContent ?? "";
  const told = [...link.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent);
  const run = linkAt(rowsOf(table)[0], cell.cellIndex)?.querySelector("span")?.textContent ?? "";
  return `${task}: ${told.join("")} · ${run}`;
}

function tell(link: HTMLAnchorElement | null): void {
  for (const line of document.querySelectorAll(".grid-readout")) line.remove();
  const text = link ? describe(link) : "";
  if (!link || text === "") return;
  const line = document.createElement("p");
  line.className = "grid-readout";
  // Who listens hears the cell's heads already.
  line.ariaHidden = "true";
  line.textContent = text;
  link.closest(".grid-frame")?.append(line);
}

const linkOf = (event: Event) =>
  event.target instanceof Element ? event.target.closest<HTMLAnchorElement>(".grid-table a") : null;

function onKey(event: KeyboardEvent): void {
  const link = linkOf(event);
  if (!link || event.altKey || event.ctrlKey || event.metaKey) return;
  const next = destination(link, event.key);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** After a refresh: the stops are set again, and the focus follows its run. */
function afterSwap(): void {
  const focused = document.activeElement?.closest<HTMLAnchorElement>(".grid-table a");
  for (const table of document.querySelectorAll<HTMLTableElement>(".grid-table")) setTabStops(table);
  const table = focused && tableOf(focused);
  const stop = table?.querySelector<HTMLAnchorElement>('a[tabindex="0"]');
  if (stop && stop !== focused) stop.focus({ preventScroll: true });
}

afterSwap();
document.addEventListener("keydown", onKey);
document.addEventListener("pointerover", (event) => tell(linkOf(event)));
document.addEventListener("focusin", (event) => {
  const link = linkOf(event);
  if (link) moveStop(link);
  tell(link);
});
document.addEventListener("htmx:after:swap", afterSwap);

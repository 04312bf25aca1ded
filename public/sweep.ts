/** Reads the cells of a heat map under the pointer, or under a cursor that the arrow keys move. */

type Heat = {
  columns: string[];
  rows: string[];
  cells: string[][];
  x: string;
  y: string | null;
  metric: string;
};

/** What is read of a map, and where its cursor is: row 0 is the lowest. */
const known = new WeakMap<Element, { heat: Heat; column: number; row: number }>();

function stateOf(map: HTMLElement) {
  const found = known.get(map);
  if (found) return found;
  const heat = JSON.parse(map.dataset.heat ?? "{}") as Heat;
  const best = map.querySelector(".heat-best");
  const column = Number(best?.getAttribute("x") ?? 0);
  const row = best ? heat.rows.length - 1 - Number(best.getAttribute("y")) : 0;
  const state = { heat, column, row };
  known.set(map, state);
  return state;
}

/** Moves the cursor of a map, and says what is there. */
function read(map: HTMLElement, column: number, row: number): void {
  const state = stateOf(map);
  const { heat } = state;
  state.column = Math.min(Math.max(column, 0), heat.columns.length - 1);
  state.row = Math.min(Math.max(row, 0), heat.rows.length - 1);
  const cursor = map.querySelector(".heat-cursor");
  cursor?.setAttribute("x", String(state.column));
  cursor?.setAttribute("y", String(heat.rows.length - 1 - state.row));
  cursor?.setAttribute("visibility", "visible");
  const place = [
    ...(heat.y === null ? [] : [`${heat.y} ${heat.rows[state.row]}`]),
    `${heat.x} ${heat.columns[state.column]}`,
  ].join(", ");
  const value = heat.cells[state.row]?.[state.column];
  const output = map.closest("figure")?.querySelector("output");
  if (output) output.textContent = `${place}: ${heat.metric} ${value}`;
}

const mapOf = (event: Event) =>
  event.target instanceof Element ? event.target.closest<HTMLElement>(".heat-map") : null;

const steps: Record<string, [column: number, row: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

document.addEventListener("keydown", (event) => {
  const map = mapOf(event);
  const step = steps[event.key];
  if (!map || !step) return;
  event.preventDefault();
  const { column, row } = stateOf(map);
  read(map, column + step[0], row + step[1]);
});

document.addEventListener("focusin", (event) => {
  const map = mapOf(event);
  if (map) read(map, stateOf(map).column, stateOf(map).row);
});

document.addEventListener("pointermove", (event) => {
  const map = mapOf(event);
  if (!map) return;
  const { heat } = stateOf(map);
  const { left, top, width, height } = map.getBoundingClientRect();
  const column = Math.floor(((event.clientX - left) / width) * heat.columns.length);
  const row = heat.rows.length - 1 - Math.floor(((event.clientY - top) / height) * heat.rows.length);
  read(map, column, row);
});

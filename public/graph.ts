import { panned, type ViewBox, zoomed } from "./graph/view-box.ts";

/** Looks closer at the graph: by its buttons, by dragging, by the wheel with Ctrl or two fingers, by keys. */

const step = 1.4;
/** Of what is seen, a press of an arrow key moves so much. */
const keyPart = 0.15;

/** By the name of the drawing, as refreshing draws all of each again. */
const seenOf = new Map<string, ViewBox>();

const drawings = () => [...document.querySelectorAll<SVGSVGElement>("svg.graph")];
const shown = () => drawings().find((svg) => svg.getBoundingClientRect().width > 0);
const nameOf = (svg: SVGSVGElement) => svg.getAttribute("aria-labelledby") ?? "";

const wholeOf = (svg: SVGSVGElement): ViewBox => ({
  x: 0,
  y: 0,
  width: Number(svg.getAttribute("width")),
  height: Number(svg.getAttribute("height")),
});

const seenIn = (svg: SVGSVGElement): ViewBox => seenOf.get(nameOf(svg)) ?? wholeOf(svg);

function show(svg: SVGSVGElement, seen: ViewBox): void {
  seenOf.set(nameOf(svg), seen);
  svg.setAttribute("viewBox", `${seen.x} ${seen.y} ${seen.width} ${seen.height}`);
  svg.classList.toggle("is-close", seen.width < wholeOf(svg).width);
}

/** Where the pointer is in the drawing's units. */
function pointAt(svg: SVGSVGElement, event: { clientX: number; clientY: number }): { x: number; y: number } {
  const frame = svg.getBoundingClientRect();
  const seen = seenIn(svg);
  return {
    x: seen.x + ((event.clientX - frame.left) / frame.width) * seen.width,
    y: seen.y + ((event.clientY - frame.top) / frame.height) * seen.height,
  };
}

const middleOf = ({ x, y, width, height }: ViewBox) => ({ x: x + width / 2, y: y + height / 2 });

function zoom(svg: SVGSVGElement, factor: number, at = middleOf(seenIn(svg))): void {
  show(svg, zoomed(seenIn(svg), wholeOf(svg), factor, at));
}

const actions: Record<string, (svg: SVGSVGElement) => void> = {
  closer: (svg) => zoom(svg, 1 / step),
  farther: (svg) => zoom(svg, step),
  fit: (svg) => show(svg, wholeOf(svg)),
};

const keys: Record<string, string> = { "+": "closer", "=": "closer", "-": "farther", "0": "fit" };
const arrows: Record<string, [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function onKey(event: KeyboardEvent): void {
  const svg = shown();
  if (!svg || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = actions[keys[event.key] ?? ""];
  const arrow = arrows[event.key];
  const seen = seenIn(svg);
  if (action) action(svg);
  else if (arrow && seen.width < wholeOf(svg).width) {
    show(svg, panned(seen, wholeOf(svg), { x: arrow[0] * seen.width * keyPart, y: arrow[1] * seen.height * keyPart }));
  } else return;
  event.preventDefault();
}

/** A wheel alone scrolls the page; with Ctrl, which is what two fingers on a pad send too, it looks closer. */
function onWheel(event: WheelEvent): void {
  const svg = shown();
  if (!svg || !event.ctrlKey) return;
  event.preventDefault();
  zoom(svg, 1.002 ** event.deltaY, pointAt(svg, event));
}

function onPointerDown(event: PointerEvent): void {
  const svg = shown();
  if (!svg || event.button !== 0 || event.pointerType === "touch" || seenIn(svg).width >= wholeOf(svg).width) return;
  const start = pointAt(svg, event);
  const drag = (move: PointerEvent) => {
    const now = pointAt(svg, move);
    show(svg, panned(seenIn(svg), wholeOf(svg), { x: start.x - now.x, y: start.y - now.y }));
    svg.classList.add("is-dragged");
  };
  const end = () => {
    removeEventListener("pointermove", drag);
    // After the click that the same press ends with, which is none then.
    setTimeout(() => svg.classList.remove("is-dragged"));
  };
  addEventListener("pointermove", drag);
  addEventListener("pointerup", end, { once: true });
}

/** A press that dragged leads nowhere. */
function onClick(event: MouseEvent): void {
  if (shown()?.classList.contains("is-dragged")) event.preventDefault();
}

const onButton = (event: Event) => {
  const name = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-look]")?.dataset.look : "";
  const svg = shown();
  if (svg) actions[name ?? ""]?.(svg);
};

function wire(): void {
  for (const box of document.querySelectorAll<HTMLElement>(".graph-look")) box.hidden = false;
  document.querySelector(".graph-look")?.addEventListener("click", onButton);
  const frame = document.querySelector("#graph");
  frame?.addEventListener("keydown", (event) => onKey(event as KeyboardEvent));
  frame?.addEventListener("wheel", (event) => onWheel(event as WheelEvent), { passive: false });
  frame?.addEventListener("pointerdown", (event) => onPointerDown(event as PointerEvent));
  frame?.addEventListener("click", (event) => onClick(event as MouseEvent), true);
  frame?.addEventListener("dragstart", (event) => event.preventDefault());
}

/** What is seen stays so when the drawing is refreshed. */
function afterSwap(): void {
  for (const svg of drawings()) {
    const seen = seenOf.get(nameOf(svg));
    if (seen) show(svg, seen);
  }
}

wire();
document.addEventListener("htmx:after:swap", afterSwap);

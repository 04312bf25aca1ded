import type { Window } from "../../views/market/chart/window.ts";
import { clampWindow, panWindow, zoomWindow } from "../../views/market/chart/window.ts";

/** What a pointer does to a chart. */
export type GestureTarget = {
  /** What the plot is drawn under: where pointers are listened to. */
  over: HTMLElement;
  count(): number;
  window(): Window;
  setWindow(window: Window): void;
  /** The cursor at a place, in pixels from the left of `over`. */
  scrub(left: number): void;
  /** Whether the next drag measures, as with Shift. */
  isMeasuring(): boolean;
  /** From and to bars. */
  measure(from: number, to: number): void;
  reset(): void;
};

/** How much a turn of the wheel zooms, a pixel of it. */
const wheelStep = 0.0015;
/** Pixels of a line of text, where the wheel is told in lines. */
const wheelLine = 18;

type Touch = { id: number; left: number };

const placeOf = ({ over }: GestureTarget, event: { clientX: number }) =>
  event.clientX - over.getBoundingClientRect().left;

/** The position among the bars that a place stands for. */
function positionOf({ over }: GestureTarget, { min, max }: Window, left: number): number {
  return min + (left / Math.max(1, over.clientWidth)) * (max - min);
}

function barOf(target: GestureTarget, left: number): number {
  const at = Math.round(positionOf(target, target.window(), left));
  return Math.min(target.count() - 1, Math.max(0, at));
}

/** The wheel zooms about the pointer, and moves where it is turned sideways; at the end of what there is the page scrolls on. */
function listenToWheel(target: GestureTarget): void {
  target.over.addEventListener(
    "wheel",
    (event) => {
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? wheelLine : 1;
      const window = target.window();
      const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const turned = (isSideways && event.deltaX !== 0 ? event.deltaX : event.deltaY) * unit;
      const width = window.max - window.min;
      const next = isSideways
        ? panWindow(window, (turned / Math.max(1, target.over.clientWidth)) * width, target.count())
        : zoomWindow(
            window,
            Math.exp(turned * wheelStep),
            positionOf(target, window, placeOf(target, event)),
            target.count(),
          );
      if (Math.abs(next.min - window.min) + Math.abs(next.max - window.max) < 1e-6) return;
      event.preventDefault();
      target.setWindow(next);
    },
    { passive: false },
  );
}

/** A drag with the mouse moves the chart along, or measures. */
function listenToMouse(target: GestureTarget): void {
  const { over } = target;
  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button !== 0) return;
    const start = { left: placeOf(target, event), window: target.window(), width: Math.max(1, over.clientWidth) };
    // Asked for once: while something moves, the page would be laid out anew for it.
    const offset = event.clientX - start.left;
    const isMeasure = event.shiftKey || target.isMeasuring();
    const from = barOf(target, start.left);
    over.setPointerCapture(event.pointerId);
    over.classList.toggle("is-panning", !isMeasure);
    const ended = new AbortController();
    const move = (moved: PointerEvent) => {
      const left = moved.clientX - offset;
      if (isMeasure) return target.measure(from, barOf(target, left));
      const width = start.window.max - start.window.min;
      const by = ((start.left - left) / start.width) * width;
      target.setWindow(panWindow(start.window, by, target.count()));
    };
    const end = () => {
      ended.abort();
      over.classList.remove("is-panning");
    };
    over.addEventListener("pointermove", move, { signal: ended.signal });
    over.addEventListener("pointerup", end, { signal: ended.signal });
    over.addEventListener("pointercancel", end, { signal: ended.signal });
  });
  over.addEventListener("dblclick", () => target.reset());
}

/** Two fingers: what lay under each when they came down stays under it. */
function pinched(target: GestureTarget, before: Window, from: [number, number], to: [number, number]): Window {
  const width = Math.max(1, target.over.clientWidth);
  const [one, other] = from.map((left) => positionOf(target, before, left)) as [number, number];
  const perPixel = Math.abs(other - one) / Math.max(8, Math.abs(to[1] - to[0]));
  const count = target.count();
  const zoomed = clampWindow({ min: 0, max: perPixel * width }, count);
  const centre = (one + other) / 2 - ((to[0] + to[1]) / 2 / width) * (zoomed.max - zoomed.min);
  return clampWindow({ min: centre, max: centre + zoomed.max - zoomed.min }, count);
}

/** One finger moves the cursor, two zoom and move the chart; up and down the page scrolls. */
function listenToTouch(target: GestureTarget): void {
  const { over } = target;
  const touches = new Map<number, number>();
  let start: { window: Window; from: Touch[] } | undefined;
  const begin = () => {
    const from = [...touches].map(([id, left]) => ({ id, left }));
    start = from.length === 2 ? { window: target.window(), from } : undefined;
  };
  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    touches.set(event.pointerId, placeOf(target, event));
    begin();
    if (touches.size === 1) target.scrub(placeOf(target, event));
  });
  over.addEventListener("pointermove", (event) => {
    if (!touches.has(event.pointerId)) return;
    const left = placeOf(target, event);
    const first = touches.get(event.pointerId) ?? left;
    touches.set(event.pointerId, left);
    const [one, other] = start?.from ?? [];
    if (start && one && other) {
      const to: [number, number] = [touches.get(one.id) ?? 0, touches.get(other.id) ?? 0];
      target.setWindow(pinched(target, start.window, [one.left, other.left], to));
    } else if (target.isMeasuring()) target.measure(barOf(target, first), barOf(target, left));
    else target.scrub(left);
  });
  const end = (event: PointerEvent) => {
    if (touches.delete(event.pointerId)) begin();
  };
  over.addEventListener("pointerup", end);
  over.addEventListener("pointercancel", end);
}

/** Mouse, wheel and touch. */
export function listenToGestures(target: GestureTarget): void {
  listenToMouse(target);
  listenToWheel(target);
  listenToTouch(target);
}

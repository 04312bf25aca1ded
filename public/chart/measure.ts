/** What is measured on a chart: by a drag, or by keys from where the cursor was. */
export type Measure = {
  /** From and to bars; null where nothing is measured. */
  range(): [number, number] | null;
  /** Whether the next drag measures. */
  isArmed(): boolean;
  drag(from: number, to: number): void;
  /** By keys: from the bar under the cursor, and with it once more to there. */
  mark(cursor: number): void;
  /** The cursor moved to a bar. */
  follow(cursor: number): void;
  clear(): void;
};

type MeasureOptions = {
  output: HTMLElement;
  button: HTMLButtonElement;
  tell(from: number, to: number): string;
  redraw(): void;
};

/** Tells the difference between two bars in `output`, and arms drags by `button`. */
export function createMeasure({ output, button, tell, redraw }: MeasureOptions): Measure {
  let range: [number, number] | null = null;
  let isFollowing = false;
  const set = (next: [number, number] | null) => {
    range = next;
    output.hidden = next === null;
    output.textContent = next === null ? "" : tell(...next);
    redraw();
  };
  const arm = (isArmed: boolean) => button.setAttribute("aria-pressed", String(isArmed));
  const isArmed = () => button.getAttribute("aria-pressed") === "true";
  const clear = () => {
    isFollowing = false;
    arm(false);
    set(null);
  };
  button.hidden = false;
  button.addEventListener("click", () => (isArmed() ? clear() : arm(true)));
  return {
    range: () => range,
    isArmed,
    drag: (from, to) => set([from, to]),
    mark: (cursor) => {
      if (!isFollowing) set([cursor, cursor]);
      isFollowing = !isFollowing;
    },
    follow: (cursor) => {
      if (isFollowing && range !== null && range[1] !== cursor) set([range[0], cursor]);
    },
    clear,
  };
}

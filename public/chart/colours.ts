const names = [
  "ink",
  "soft",
  "rule",
  "sheet",
  "accent",
  "up",
  "down",
  "ma20",
  "ma50",
  "ma120",
  "line1",
  "line2",
  "line3",
  "line4",
  "line5",
] as const;

/** The palette of the page's theme, as a canvas takes it. */
export type Colours = Record<(typeof names)[number], string>;

/** Reads the palette off the page: a canvas does not know the page's variables. */
export function readColours(): Colours {
  const probe = document.createElement("span");
  document.body.append(probe);
  const colours = Object.fromEntries(
    names.map((name) => {
      probe.style.color = `var(--${name})`;
      return [name, getComputedStyle(probe).color];
    }),
  );
  probe.remove();
  return colours as Colours;
}

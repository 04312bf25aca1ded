/** Ten digits are kept, and powers and logarithms differ in their last ones from machine to machine. */
const tolerance = 2e-9;

/** Where two values differ by more than rounding, by their paths. */
export function differences(golden: unknown, now: unknown, path = ""): string[] {
  if (typeof golden === "number" && typeof now === "number") {
    const scale = Math.max(Math.abs(golden), Math.abs(now), 1e-6);
    return Math.abs(golden - now) <= tolerance * scale ? [] : [`${path}: ${golden} is now ${now}`];
  }
  if (typeof golden !== "object" || typeof now !== "object" || golden === null || now === null) {
    return golden === now ? [] : [`${path}: ${golden} is now ${now}`];
  }
  const names = new Set([...Object.keys(golden), ...Object.keys(now)]);
  return [...names].flatMap((name) =>
    differences(Reflect.get(golden, name), Reflect.get(now, name), path === "" ? name : `${path}.${name}`),
  );
}

/** A URL that cannot be used; the message names the parameter and what is allowed, and repeats no secret. */
export class DatabaseUrlError extends Error {
  override readonly name = "DatabaseUrlError";
}

/** Parameters of the query, each taken once; what nobody took is left. */
export type UrlParameters = { take(name: string): string | undefined; left(): string[] };

/** Reads them. */
export function parametersOf(query: string): UrlParameters {
  const values = new Map<string, string>();
  for (const pair of query.split("&").filter((text) => text !== "")) {
    const at = pair.indexOf("=");
    // A plus is a plus here, as in libpq: this is no form.
    values.set(decode(at < 0 ? pair : pair.slice(0, at)), at < 0 ? "" : decode(pair.slice(at + 1)));
  }
  return {
    take(name) {
      const value = values.get(name);
      values.delete(name);
      return value === "" ? undefined : value;
    },
    left: () => [...values.keys()],
  };
}

/** Undoes the percent signs of a part of a URL. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new DatabaseUrlError("it has a % that begins no character; write %25 for the sign itself");
  }
}

/** The value, where it is one that can be honoured. */
export function oneOf<Value extends string>(
  name: string,
  value: string | undefined,
  allowed: readonly Value[],
): Value | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new DatabaseUrlError(`${name} is none of ${allowed.join(", ")}`);
  return found;
}

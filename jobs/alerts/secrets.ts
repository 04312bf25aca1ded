/** A part of a URL shorter than this protects nothing, and would blank out ordinary words. */
const shortestToken = 12;

/** A text without percent escapes; as it is where they are none. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * What of a URL must never show: the whole, its password, and parts of its path and query that look like tokens, such as
 * the last part of a Slack webhook. The user's name and the host may show.
 */
export function secretsOfUrl(text: string): string[] {
  const url = new URL(text);
  const tokens = [...url.pathname.split("/"), ...url.searchParams.values()].filter(
    (part) => part.length >= shortestToken,
  );
  const password = decode(url.password);
  const login = password && Buffer.from(`\0${decode(url.username)}\0${password}`).toString("base64");
  return [text, url.href, url.password, password, login, ...tokens, ...tokens.map(decode)].filter(
    (secret, index, all) => secret !== "" && all.indexOf(secret) === index,
  );
}

/** Removes `secrets` from what a receiver or a library said, and keeps it to one line of some length. */
export function createScrubber(secrets: string[]): (text: string) => string {
  const ordered = [...secrets].sort((a, b) => b.length - a.length);
  return (text) => {
    const clean = ordered.reduce((left, secret) => left.replaceAll(secret, "[secret]"), text);
    const line = clean.replace(/\p{Cc}+|\s+/gu, " ").trim();
    return line.length > 300 ? `${line.slice(0, 299)}…` : line;
  };
}

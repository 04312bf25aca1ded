/** One call: what it is asked with, and what it answers. */
type Call = { path: unknown; query: unknown; body: unknown; answer: unknown };

/** The parts of a request that the call takes; nothing where it takes none. */
type Asked<C extends Call> = {
  [Part in "path" | "query" | "body" as C[Part] extends undefined ? never : Part]: C[Part];
};

type Parts<C extends Call> =
  Record<never, never> extends Asked<C> ? [asked?: Partial<Asked<C>>] : [asked: Optional<Asked<C>>];

/** A part of which every field may be left out may be left out itself. */
type Optional<T> = { [Part in keyof T as Record<never, never> extends T[Part] ? never : Part]: T[Part] } & {
  [Part in keyof T as Record<never, never> extends T[Part] ? Part : never]?: T[Part];
};

/** What Barline answered instead of what was asked for, in its own words. */
export class BarlineError extends Error {
  override readonly name = "BarlineError";
  readonly status: number;
  /** The kind: `not_found`, `invalid`, … */
  readonly code: string;
  /** What of the request is at fault. */
  readonly field: string | undefined;
  /** Finds the request in Barline's log. */
  readonly requestId: string | undefined;

  constructor(message: string, said: { status: number; code: string; field?: string; requestId?: string }) {
    super(message);
    this.status = said.status;
    this.code = said.code;
    this.field = said.field;
    this.requestId = said.requestId;
  }
}

export type ClientOptions = {
  /** An API token that was made on the System page, or the password. */
  token?: string | undefined;
  /** How often a call is made again that is refused for now (429, 503); 5 where left out. */
  retries?: number | undefined;
  /** What sends the requests; the global one where left out. */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
};

const longestPauseSeconds = 60;

/** A Barline by its address: a function that makes any of its calls, by the names of `Calls`. */
export function createClient<Calls extends { [Name in keyof Calls]: Call }>(
  url: string,
  { token, retries = 5, fetch: send = fetch }: ClientOptions = {},
) {
  return async function call<Name extends keyof Calls & string>(
    name: Name,
    ...[asked = {}]: Parts<Calls[Name]>
  ): Promise<Calls[Name]["answer"]> {
    const { path = {}, query = {}, body } = asked as { path?: Fields; query?: Fields; body?: unknown };
    const [method = "", pattern = ""] = name.split(" ");
    const target = pattern.replace(/\{(\w+)\}/g, (_, field: string) => encodeURIComponent(String(path[field])));
    const headers = {
      Accept: "application/json",
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "Content-Type": "application/json" }),
    };
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    for (let triesLeft = retries; ; triesLeft -= 1) {
      const response = await send(`${url.replace(/\/$/, "")}${target}${queryText(query)}`, init);
      if (response.ok) return (await response.json()) as Calls[Name]["answer"];
      const isForNow = response.status === 429 || response.status === 503;
      if (!isForNow || triesLeft <= 0) throw await toError(response);
      await response.body?.cancel();
      await pause(response.headers.get("Retry-After"));
    }
  };
}

type Fields = Record<string, unknown>;

/** Fields that have fields stand for these. */
function queryText(query: Fields): string {
  const fields = Object.entries(query).flatMap(([name, value]) =>
    typeof value === "object" && value !== null ? Object.entries(value) : [[name, value] as const],
  );
  const given = fields.filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}

async function toError(response: Response): Promise<BarlineError> {
  const { status } = response;
  const said = (await response.json().catch(() => null)) as { error?: { code: string; message: string } } | null;
  if (said?.error) return new BarlineError(said.error.message, { status, ...said.error });
  return new BarlineError(`It answered ${status}, and not as Barline does.`, { status, code: "unknown" });
}

function pause(retryAfter: string | null): Promise<void> {
  const given = Number(retryAfter ?? 1);
  const seconds = Number.isFinite(given) ? given : (Date.parse(retryAfter ?? "") - Date.now()) / 1000;
  const ms = Math.min(longestPauseSeconds, Math.max(0, Number.isFinite(seconds) ? seconds : 1)) * 1000;
  return new Promise((resolve) => setTimeout(resolve, ms));
}

import { HttpError } from "../../http/errors.ts";

/** What a strategy lacks: so many sessions are published in the range, and so many it needs with its parameters. */
export type Lack = {
  strategy: string;
  parameters: Readonly<Record<string, unknown>>;
  needed: number;
  published: number;
  /** The first session of the range; null where it has none. */
  first: string | null;
};

/** A history that is too short for a strategy's parameters: shorter ones, or more history, would do. */
export class TooFewSessions extends HttpError {
  constructor(
    message: string,
    readonly lack: Lack,
  ) {
    super(422, "invalid", message, { field: "from" });
  }
}

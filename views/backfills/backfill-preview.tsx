import { formatCount, formatDate, formatDuration, formatInteger, none } from "../format.ts";
import { type SharedReason, tellSharedReason } from "./reasons.ts";

/** Days that share a reason; `ranges` is empty where nobody needs their dates. */
export type ReasonGroup = { reason: SharedReason; count: number; ranges: string[] };

/** What one of `missing`, `failed`, `all` and `recheck` would run. `refusal` says why it cannot be asked for. */
export type PreviewedChoice = {
  reprocess: string;
  isChosen: boolean;
  sessions: number;
  calls: number;
  minutes: number;
  reasons: ReasonGroup[];
  refusal: string | null;
};

/** What a backfill would do, as far as a person needs to know before starting it. */
export type BackfillPreview = {
  strategy: "grouped" | "per_ticker";
  calls: number;
  alternative: { strategy: "grouped" | "per_ticker"; calls: number } | null;
  minutes: number;
  callsPerMinute: number | null;
  dates: string[];
  skipped: ReasonGroup[];
  /** All of them side by side; none where tickers are named, which are fetched whatever ran before. */
  choices: PreviewedChoice[];
};

const strategyNames: Record<string, string> = {
  grouped: "by session (one call fetches a whole session)",
  per_ticker: "by ticker (one call fetches a ticker’s whole range)",
};

/** Consecutive dates told as a range. */
export const tellRange = (first: string, last: string) =>
  first === last ? formatDate(first) : `${formatDate(first)} – ${formatDate(last)}`;

/** Reasons, how many days each has, and which. */
export const ReasonList = ({ groups }: { groups: ReasonGroup[] }) => (
  <ul class="skipped">
    {groups.map((group) => (
      <li>
        <b>{tellSharedReason(group.reason)}</b> {formatCount(group.count, "day")}
        {group.ranges.length > 0 && <span class="note">: {group.ranges.join(", ")}</span>}
      </li>
    ))}
  </ul>
);

const total = (groups: ReasonGroup[]) => groups.reduce((sum, group) => sum + group.count, 0);

const choiceNames: Record<string, string> = { missing: "Missing", failed: "Failed", all: "All", recheck: "Recheck" };

type ChoicesProps = { choices: PreviewedChoice[]; hasLimit: boolean };

const Choices = ({ choices, hasLimit }: ChoicesProps) => (
  <div class="backfill-choices">
    <table>
      <caption class="visually-hidden">What each choice would run</caption>
      <thead>
        <tr>
          <th scope="col">Would run</th>
          <th scope="col" class="number">
            Sessions
          </th>
          <th scope="col" class="number">
            Calls
          </th>
          {hasLimit && (
            <th scope="col" class="number">
              Takes
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {choices.map((choice) => (
          <tr class={choice.isChosen ? "chosen" : undefined}>
            <th scope="row">
              {choiceNames[choice.reprocess] ?? choice.reprocess}
              {choice.isChosen && <span class="visually-hidden"> (chosen)</span>}
            </th>
            {choice.refusal === null ? (
              <>
                <td class="number">{formatInteger(choice.sessions)}</td>
                <td class="number">{formatInteger(choice.calls)}</td>
                {hasLimit && (
                  <td class="number">{choice.sessions > 0 ? formatDuration(choice.minutes * 60_000) : none}</td>
                )}
              </>
            ) : (
              <td colspan={hasLimit ? 3 : 2}>{choice.refusal}</td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
    {choices
      .filter((choice) => choice.sessions > 0)
      .map((choice) => (
        <details id={`preview-${choice.reprocess}`}>
          <summary>
            {choiceNames[choice.reprocess] ?? choice.reprocess}: which {formatCount(choice.sessions, "session")}, and
            why
          </summary>
          <ReasonList groups={choice.reasons} />
        </details>
      ))}
  </div>
);

const nothingToDo =
  "Nothing to do: no session of this range is left to run. What ran and failed, or was cancelled, is fetched again with Failed, and everything with All.";

const Lead = ({ preview }: { preview: BackfillPreview }) => (
  <>
    <p class="lead">
      <b>{formatCount(preview.dates.length, "session")}</b> in <b>{formatCount(preview.calls, "call")}</b>,{" "}
      {preview.minutes > 0 && preview.callsPerMinute !== null
        ? `${formatDuration(preview.minutes * 60_000)} at ${formatInteger(preview.callsPerMinute)} calls a minute`
        : "without a rate limit"}
      .
    </p>
    <p class="note">
      Fetched {strategyNames[preview.strategy]}.
      {preview.alternative &&
        ` The other way, ${preview.alternative.strategy === "grouped" ? "by session" : "by ticker"}, takes ${formatCount(preview.alternative.calls, "call")}.`}
    </p>
  </>
);

/** What would be fetched, and why; what would not, and why not. */
export const Preview = ({ preview }: { preview: BackfillPreview }) => (
  <div class="preview" role="status" tabindex={-1}>
    {preview.dates.length === 0 ? <p class="lead">{nothingToDo}</p> : <Lead preview={preview} />}
    {preview.dates.length > 0 && (
      <details id="preview-dates">
        <summary>The {formatCount(preview.dates.length, "session")}</summary>
        <ul class="dates">
          {preview.dates.map((date) => (
            <li>{date}</li>
          ))}
        </ul>
      </details>
    )}
    {preview.skipped.length > 0 && (
      <details id="preview-skipped">
        <summary>Skipped: {formatCount(total(preview.skipped), "day")}</summary>
        <ReasonList groups={preview.skipped} />
      </details>
    )}
    {preview.choices.length > 0 && <Choices choices={preview.choices} hasLimit={preview.callsPerMinute !== null} />}
  </div>
);

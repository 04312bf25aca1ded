import { indicatorColumns } from "../../db/queries/market/read-screen-columns.ts";
import { type SavedScreenRow, selectSavedScreens } from "../../db/queries/market/saved-screens.ts";
import { deletedScenarioDays } from "../../jobs/housekeeping/retention.ts";
import { boundText } from "../../views/market/indicators.ts";
import type { SavedScreenLink, SavedScreenList, ScreenDesk } from "../../views/market/saved-screen-types.ts";
import type { AppContext } from "../context.ts";
import { kindOf, labelOf, readScreen } from "./screener-request.ts";
import { readStars } from "./watchlist-read.ts";

const deletedShown = 20;
const dayMs = 86_400_000;

/** The address that opens a saved screen. */
export const savedScreenUrl = (query: string): string =>
  query === "" ? "/screener" : `/screener?${query.replaceAll("%2C", ",")}`;

const toLink = ({ id, name, query }: SavedScreenRow): SavedScreenLink => ({ id, name, url: savedScreenUrl(query) });

/** What the screener shows of what people keep. */
export const readScreenDesk = (context: AppContext): Promise<ScreenDesk> =>
  context.snapshots.of("screen desk", async () => {
    const [screens, stars] = await Promise.all([selectSavedScreens(context.read), readStars(context)]);
    return { saved: screens.map(toLink), stars };
  });

/** What a query looks for, a condition each, in the words of the screener. */
export function conditionsOf(query: string): string[] {
  const { request } = readScreen(new URLSearchParams(query), indicatorColumns);
  const bounds = request.bounds.map(({ column, min, max }) => {
    const label = labelOf(column);
    const kind = kindOf(column);
    if (min !== null && max !== null) return `${label} ${boundText(kind, min)} to ${boundText(kind, max)}`;
    return min === null ? `${label} at most ${boundText(kind, max)}` : `${label} at least ${boundText(kind, min)}`;
  });
  return [
    ...(request.query === "" ? [] : [`“${request.query}”`]),
    ...(request.type === "" ? [] : [`type ${request.type}`]),
    ...(request.date === null ? [] : [`as of ${request.date}`]),
    ...bounds,
    ...request.choices.map(({ column, values }) => `${labelOf(column)} ${values.join(" or ")}`),
  ];
}

/** The list; `undo` is the one that was deleted just now, where it still is. */
export async function readSavedScreens(
  { read }: Pick<AppContext, "read">,
  said: { undo: number | null; problem?: SavedScreenList["problem"] },
): Promise<SavedScreenList> {
  const [screens, deleted] = await Promise.all([selectSavedScreens(read), selectSavedScreens(read, true)]);
  const undo = deleted.find(({ id }) => id === said.undo);
  return {
    screens: screens.map((row) => ({
      ...toLink(row),
      conditions: conditionsOf(row.query),
      ...{ createdBy: row.createdBy, updatedAt: row.updatedAt },
    })),
    deleted: deleted
      .slice(0, deletedShown)
      .flatMap(({ id, name, deletedAt }) =>
        deletedAt === null
          ? []
          : [{ id, name, deletedAt, goneAt: new Date(deletedAt.getTime() + deletedScenarioDays * dayMs) }],
      ),
    undo: undo ? { id: undo.id, name: undo.name } : null,
    problem: said.problem ?? null,
  };
}

/** A saved screen, and the address that opens it. */
export type SavedScreenLink = { id: number; name: string; url: string };

/** What people keep that the screener shows: saved screens, and what has a star. */
export type ScreenDesk = { saved: SavedScreenLink[]; stars: ReadonlySet<string> };

export type ListedScreen = SavedScreenLink & {
  /** What it looks for, a condition each. */
  conditions: string[];
  createdBy: string;
  updatedAt: Date;
};

/** The list of saved screens, and what was deleted of it. */
export type SavedScreenList = {
  screens: ListedScreen[];
  deleted: { id: number; name: string; deletedAt: Date; goneAt: Date }[];
  undo: { id: number; name: string } | null;
  /** What could not be saved, with what was typed; `id` of one that was renamed. */
  problem: { message: string; name: string; query: string | null; id: number | null } | null;
};

/** What a figure is counted in: a part (0.1 is 10 %), a bare ratio, a number of days, or a number of sessions in a row. */
type Unit = "fraction" | "ratio" | "days" | "sessions";

/** Whose definition it is; `own` where neither library has the figure, or both have another one. */
type Source = "quantstats" | "empyrical" | "own";

/** A figure of a tear sheet as people read it. */
export type TearSheetDefinition = {
  label: string;
  unit: Unit;
  /** Whether it is a move that is told with its sign. */
  isMove: boolean;
  formula: string;
  source: Source;
  /** How often a curve has to be known for it: of one that is known at the ends of months alone it is null otherwise. */
  knownBy: "session" | "month";
};

const definer =
  (unit: Unit, isMove: boolean, knownBy: TearSheetDefinition["knownBy"] = "session") =>
  (label: string, source: Source, formula: string): TearSheetDefinition => ({
    ...{ label, unit, isMove, formula, source, knownBy },
  });

/** A part of something, or a return; told with its sign where it is a move. */
export const part = definer("fraction", false);
export const move = definer("fraction", true);
export const ratio = definer("ratio", false);
export const days = definer("days", false);
export const sessions = definer("sessions", false);
/** The same of curves of which the ends of months are enough. */
export const monthlyPart = definer("fraction", false, "month");
export const monthlyMove = definer("fraction", true, "month");
export const monthlyRatio = definer("ratio", false, "month");

import type { Sql } from "../../db/client.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import { type ExportSetting, selectExportSetting, updateExportSetting } from "../../db/queries/operations/export.ts";
import type { LakeOptions } from "../lake/open.ts";
import { type Actor, RequestError } from "../orchestrator/types.ts";
import { type ExportMode, exportModes } from "./tables.ts";

/** What is exported, and who says so: the environment before the page, and the page before what is usual for the lake. */
export type ExportStanding = {
  mode: ExportMode;
  from: "environment" | "page" | "default";
  setting: ExportSetting;
};

export type ExportModes = {
  read(): Promise<ExportStanding>;
  /** Throws a RequestError that names the field (`mode`), or says that the environment has the word. */
  change(mode: string, by: Actor): Promise<void>;
};

export type ExportModeOptions = {
  sql: Sql;
  /** What EXPORT says; null where it is not set. */
  environment: ExportMode | null;
  lake: LakeOptions["kind"];
};

const isMode = (text: string | null): text is ExportMode => exportModes.some((mode) => mode === text);

/** A bucket is where others read; a folder on somebody's disk would only grow until it is asked for. */
const usualModes: Record<LakeOptions["kind"], ExportMode> = { s3: "marts", folder: "off" };

export function createExportModes({ sql, environment, lake }: ExportModeOptions): ExportModes {
  return {
    async read() {
      const setting = await selectExportSetting(sql);
      if (environment !== null) return { mode: environment, from: "environment", setting };
      if (isMode(setting.mode)) return { mode: setting.mode, from: "page", setting };
      return { mode: usualModes[lake], from: "default", setting };
    },
    async change(mode, by) {
      if (!isMode(mode)) throw new RequestError("invalid", `Choose one of ${exportModes.join(", ")}.`, "mode");
      if (environment !== null)
        throw new RequestError(
          "conflict",
          `EXPORT=${environment} is set where Barline was started; change it there.`,
          "mode",
        );
      await sql.begin(async (transaction) => {
        await updateExportSetting(transaction, mode, by.name);
        await insertAction(transaction, { actor: by.name, via: by.via, kind: "export.change", details: { mode } });
      });
    },
  };
}

import { z } from "zod";
import { refuse, refuseUnsupported } from "./refusal.ts";

/** What one place says of a config, and where that is, for messages. */
export type ConfigLayer = { where: string; values: Record<string, unknown> };

/** One text, or a list of them. */
export const list = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const isSetting = (key: string, value: unknown) => key.startsWith("+") || typeof value !== "object" || value === null;

/**
 * Settings of dbt_project.yml for what a path holds, the deepest folder last. A name with + is a setting wherever it stands, one
 * without it where its value can be no folder.
 */
export function folderConfig(
  settings: unknown,
  packageName: string,
  file: { place: string; path: string },
): ConfigLayer {
  const folders = file.place.split("/");
  folders[folders.length - 1] = folders.at(-1)?.replace(/\.\w+$/, "") ?? "";
  let level: unknown = settings;
  let values: Record<string, unknown> = {};
  for (const folder of ["", packageName, ...folders]) {
    const next = folder === "" ? level : (level as Record<string, unknown>)[folder];
    if (typeof next !== "object" || next === null) break;
    level = next;
    const own = Object.entries(next).filter(([key, value]) => isSetting(key, value));
    values = { ...values, ...Object.fromEntries(own.map(([key, value]) => [key.replace(/^\+/, ""), value])) };
  }
  return { where: `dbt_project.yml, for ${file.path}`, values };
}

const dashed: Record<string, string> = { "pre-hook": "pre_hook", "post-hook": "post_hook" };
/** What adds up from the weakest source to the strongest instead of being replaced. */
const additive = ["tags", "pre_hook", "post_hook"];
const asList = (value: unknown) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** The layers as one: the stronger over the weaker, but for what adds up. */
export function mergeLayers(layers: ConfigLayer[]): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  for (const { values } of layers) {
    for (const [written, value] of Object.entries(values)) {
      const key = dashed[written] ?? written;
      if (additive.includes(key)) merged[key] = [...new Set([...asList(merged[key]), ...asList(value)])];
      else if (key === "grants") merged.grants = mergeGrants(merged.grants, value);
      else if (key === "meta") merged.meta = { ...(merged.meta as object), ...(value as object) };
      else if (value !== undefined) merged[key] = value;
    }
  }
  return merged;
}

/** Roles by privilege; with a + before it a privilege's roles are added to those that a weaker layer names. */
function mergeGrants(weaker: unknown, stronger: unknown): Record<string, unknown[]> {
  const merged = { ...(weaker as Record<string, unknown[]> | undefined) };
  for (const [written, roles] of Object.entries((stronger ?? {}) as Record<string, unknown>)) {
    const key = written.replace(/^\+/, "");
    merged[key] = [...(written.startsWith("+") ? asList(merged[key]) : []), ...asList(roles)];
  }
  return merged;
}

/** Checks the layers by a schema; an error names the layer that says what is wrong. */
export function parseLayers<Schema extends z.ZodType>(schema: Schema, layers: ConfigLayer[]): z.output<Schema> {
  const merged = mergeLayers(layers);
  const parsed = schema.safeParse(merged);
  if (!parsed.success) throw configError(layers, parsed.error, merged);
  return parsed.data;
}

function configError(layers: ConfigLayer[], error: z.ZodError, values: Record<string, unknown>) {
  const [issue] = error.issues;
  const whereOf = (key: string) =>
    layers.findLast((layer) => Object.keys(layer.values).some((written) => (dashed[written] ?? written) === key))
      ?.where ??
    layers.at(-1)?.where ??
    "";
  if (issue?.code === "unrecognized_keys") {
    return refuseUnsupported(whereOf(issue.keys[0] ?? ""), `the config ${issue.keys.join(", ")}`);
  }
  const [key] = issue?.path ?? [];
  if (key === undefined) return refuse(whereOf(""), error.message);
  const written = JSON.stringify(values[String(key)]);
  return refuse(whereOf(String(key)), `the config ${String(key)}=${written} is not supported: ${issue?.message}`);
}

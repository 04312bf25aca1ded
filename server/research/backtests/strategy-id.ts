import { z } from "zod";
import { nearest } from "../../http/nearest.ts";
import { findListed, listStrategies, whyBroken } from "../workspace/catalogue.ts";

const strategyIds = () => listStrategies().map(({ id }) => id);

function strategyError(given: unknown): string {
  const ids = strategyIds();
  const known = `has to be one of ${ids.join(", ")}`;
  if (typeof given !== "string") return known;
  const broken = whyBroken(given);
  if (broken !== undefined) return `has to be one that can be used: ${broken}`;
  const close = nearest(given.slice(0, 60), ids, 4);
  return close === undefined ? known : `${known}. Did you mean ${close}?`;
}

/** An id of the strategies that there are when it is asked; files of the workspace come and go. */
export const strategyId = z
  .string({ error: ({ input }) => strategyError(input) })
  .refine((id) => findListed(id) !== undefined, { error: ({ input }) => strategyError(input) })
  .meta({
    override: ({ jsonSchema }) => {
      jsonSchema.enum = strategyIds();
    },
  });

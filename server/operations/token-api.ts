import { z } from "zod";
import type { ApiTokenRow } from "../../db/queries/operations/api-tokens.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { requireAdmin } from "../http/access.ts";
import { longestName } from "../http/actor.ts";
import type { Guard } from "../http/guard.ts";
import { answer, defineOperation, type Operation } from "../http/operation.ts";
import { idInUrl, instant, lineInput, oneOf } from "../http/schemas.ts";
import { tokenScopes } from "../http/tokens.ts";

const scope = oneOf(tokenScopes).meta({
  description: "`read` sees everything; `operate` changes everything but who is let in.",
});

const tokenShape = {
  id: z.int().positive(),
  name: z.string(),
  scope,
  createdBy: z.string(),
  createdAt: instant,
  lastUsedAt: instant.nullable().meta({ description: "As of the minute." }),
};
const tokenAnswer = z.strictObject(tokenShape).meta({ id: "ApiToken" });

const toToken = (row: ApiTokenRow): z.input<typeof tokenAnswer> => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
});

/** Without a password nobody is asked for a token. */
export function requireGuard(guard: Guard | null): Guard {
  if (guard === null) throw new RequestError("conflict", "Without ADMIN_PASSWORD nobody is asked for a token.");
  return guard;
}

export const tokenOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/tokens",
    summary: "The tokens by which programs are let in",
    description: "For the admin password only, as is all about tokens. None is shown again, and no hash of it.",
    answers: { 200: { description: "The tokens, by name.", schema: z.array(tokenAnswer) } },
    handle: async (_input, { guard, access }) => {
      requireAdmin(access);
      return answer(200, guard ? (await guard.tokens.list()).map(toToken) : []);
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/tokens",
    summary: "Make a token",
    request: { body: z.strictObject({ name: lineInput(longestName), scope }) },
    answers: {
      201: {
        description: "The token, this once.",
        schema: z.strictObject({ id: z.int().positive(), name: z.string(), scope, token: z.string() }),
      },
    },
    handle: async ({ body }, { guard, access, by }) => {
      requireAdmin(access);
      const { id, token } = await requireGuard(guard).tokens.create(body, by);
      return answer(201, { id, name: body.name.trim(), scope: body.scope, token });
    },
  }),
  defineOperation({
    method: "delete",
    path: "/api/tokens/{id}",
    summary: "Revoke a token",
    description: "Who sends it from then on is not let in.",
    request: { path: z.strictObject({ id: idInUrl }) },
    answers: { 200: { description: "It is gone.", schema: z.strictObject({ id: z.int().positive() }) } },
    handle: async ({ path: { id } }, { guard, access, by }) => {
      requireAdmin(access);
      await requireGuard(guard).tokens.revoke(id, by);
      return answer(200, { id });
    },
  }),
];

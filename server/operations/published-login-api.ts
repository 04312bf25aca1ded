import { z } from "zod";
import { requireAdmin } from "../http/access.ts";
import { longestName } from "../http/actor.ts";
import { answer, defineOperation, type Operation } from "../http/operation.ts";
import { idInUrl, instant, lineInput } from "../http/schemas.ts";
import type { ListedLogin } from "./published-logins.ts";

const id = z.int().positive();
const role = z.string().meta({ description: "What it signs in as." });

const loginAnswer = z
  .strictObject({
    ...{ id, name: z.string(), role },
    isThere: z
      .boolean()
      .meta({ description: "False while the statements for it were not run, and on another server." }),
    createdBy: z.string(),
    createdAt: instant,
    lastSeenAt: instant
      .nullable()
      .meta({ description: "When a connection of it was seen, which is looked for each minute." }),
  })
  .meta({ id: "DatabaseLogin" });

const toLogin = (login: ListedLogin): z.input<typeof loginAnswer> => ({
  ...login,
  createdAt: login.createdAt.toISOString(),
  lastSeenAt: login.lastSeenAt?.toISOString() ?? null,
});

const madeAnswer = z
  .strictObject({
    ...{ id, name: z.string(), role, password: z.string() },
    url: z.string().meta({ description: "A connection string, password and all." }),
    ...{ host: z.string(), port: z.int(), database: z.string() },
    statements: z.array(z.string()).meta({
      description: "What somebody who may make roles has to run before it lets in; none where it is made.",
    }),
  })
  .meta({ id: "NewDatabaseLogin" });

export const publishedLoginOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/database-logins",
    summary: "Logins of the database that read what is published",
    description: "For the admin password only, as is all about them. No password is shown again.",
    answers: { 200: { description: "The logins, by name.", schema: z.array(loginAnswer) } },
    handle: async (_input, { publishedLogins, access }) => {
      requireAdmin(access);
      return answer(200, (await publishedLogins.list()).map(toLogin));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/database-logins",
    summary: "Make a login of the database for a program that reads what is published",
    description:
      "It reads what the SQL console reads, and nothing else. Its sessions begin read-only, with at most ten at once, 50 s for a statement and 20 s for a transaction that waits.",
    request: { body: z.strictObject({ name: lineInput(longestName) }) },
    answers: { 201: { description: "The login, this once.", schema: madeAnswer } },
    handle: async ({ body }, { publishedLogins, access, by }) => {
      requireAdmin(access);
      return answer(201, await publishedLogins.create(body.name, by));
    },
  }),
  defineOperation({
    method: "delete",
    path: "/api/database-logins/{id}",
    summary: "Revoke a login of the database",
    description: "Its sessions end, and its role is dropped.",
    request: { path: z.strictObject({ id: idInUrl }) },
    answers: { 200: { description: "It is gone.", schema: z.strictObject({ id }) } },
    handle: async ({ path: { id } }, { publishedLogins, access, by }) => {
      requireAdmin(access);
      await publishedLogins.revoke(id, by);
      return answer(200, { id });
    },
  }),
];

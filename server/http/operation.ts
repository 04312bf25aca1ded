import type { ContentfulStatusCode } from "hono/utils/http-status";
import { z } from "zod";
import type { ZodOpenApiOperationObject } from "zod-openapi";
import type { Actor } from "../../jobs/orchestrator/types.ts";
import type { AppContext } from "../context.ts";
import type { WarehouseCounter } from "../pipeline/warehouse-counter.ts";
import { check, shorten } from "./check.ts";
import type { Access, RequestContext } from "./environment.ts";
import { HttpError } from "./errors.ts";
import { entityTag, isHeld, type PublishedParts, readBuild } from "./published.ts";
import { errorAnswer } from "./schemas.ts";
import { answerTable } from "./tables/answer.ts";
import {
  conditionParameter,
  formatParameter,
  notAcceptable,
  notModified,
  tableContent,
  takeFormat,
} from "./tables/described.ts";
import { type AnswerFormat, answerFormats, formatWanted } from "./tables/formats.ts";
import type { Table } from "./tables/table.ts";

/** What the handlers of the API may use; `by` is who asks, to be kept with what they do, and `access` what they may do. */
export type ApiContext = AppContext & { warehouse: WarehouseCounter; by: Actor; access: Access };

type Answers = Record<number, { description: string; schema: z.ZodType }>;
type AnswerOf<A extends Answers> = {
  [Status in keyof A & number]: { status: Status; body: z.input<A[Status]["schema"]> };
}[keyof A & number];

type Input<Path extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> = {
  path: z.output<Path>;
  query: z.output<Query>;
  body: z.output<Body>;
};

type Definition<Path extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodObject, A extends Answers> = {
  method: Method;
  /** As OpenAPI writes it: `/api/runs/{id}`. */
  path: string;
  summary: string;
  description?: string;
  request?: { path?: Path; query?: Query; body?: Body };
  answers: A;
  /** Whether it only computes, so that who may only look may ask it too, whatever its method. */
  keepsNothing?: boolean;
  /** Of market data: what its answer is made of, so that who has it already is told so. */
  published?(input: Input<Path, Query, Body>): PublishedParts;
  /** The same answer as rows, for who asks for another format than JSON. */
  table?(input: Input<Path, Query, Body>, context: ApiContext): Promise<Table>;
  handle(input: Input<Path, Query, Body>, context: ApiContext): Promise<AnswerOf<A>>;
};

/** What a handler returns; a function, so that the status stays the literal that `answers` declares. */
export const answer = <Status extends number, Body>(status: Status, body: Body) => ({ status, body });

type Method = "get" | "post" | "patch" | "delete";

/** One call of the API: how it is described, and how it is answered. */
export type Operation = {
  method: Method;
  path: string;
  answers: Answers;
  keepsNothing: boolean;
  document: ZodOpenApiOperationObject;
  respond(c: RequestContext, context: Omit<ApiContext, "by" | "access">): Promise<Response>;
};

const nothing = z.strictObject({});
type Nothing = typeof nothing;

/** Declares a call once: the schemas that check its requests are those that describe them. */
export function defineOperation<
  const A extends Answers,
  Path extends z.ZodObject = Nothing,
  Query extends z.ZodObject = Nothing,
  Body extends z.ZodObject = Nothing,
>(definition: Definition<Path, Query, Body, A>): Operation {
  const { method, path, answers, request = {} } = definition;
  // A call that declares no query or body takes none: the empty schema refuses every field.
  const pathSchema = (request.path ?? nothing) as Path;
  const querySchema = (request.query ?? nothing) as Query;
  const bodySchema = (request.body ?? nothing) as Body;
  const hasTable = definition.table !== undefined;
  const isPublished = definition.published !== undefined;
  return {
    method,
    path,
    answers,
    keepsNothing: definition.keepsNothing ?? false,
    document: {
      operationId: operationId(method, path),
      summary: definition.summary,
      ...(definition.description !== undefined && { description: definition.description }),
      requestParams: {
        ...(request.path && { path: request.path }),
        ...(request.query && { query: request.query }),
      },
      parameters: [...(hasTable ? [formatParameter] : []), ...(isPublished ? [conditionParameter] : [])],
      ...(request.body && { requestBody: { content: { "application/json": { schema: request.body } } } }),
      responses: documentAnswers(answers, { takesInput: Object.keys(request).length > 0, hasTable, isPublished }),
    },
    respond: async (c, context) => {
      // A request that is none is told so before what it asks for is looked at.
      const sent = method === "get" ? {} : await readBody(c);
      const query = singleValues(c.req.queries());
      const { format: named, rest } = hasTable ? takeFormat(query) : { format: undefined, rest: query };
      const input = {
        path: check(pathSchema, c.req.param()),
        query: check(querySchema, rest),
        body: check(bodySchema, sent),
      };
      const format = named ?? (hasTable ? formatWanted(c.req.header("Accept"), answerFormats) : "json");
      return await respond(c, definition, { input, format, context });
    },
  };
}

type Asked<Path extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodObject> = {
  input: Input<Path, Query, Body>;
  format: AnswerFormat;
  context: Omit<ApiContext, "by" | "access">;
};

/** Answers a checked request: in the format that it asks for, or that what it has is still so. */
async function respond<
  Path extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodObject,
  A extends Answers,
>(
  c: RequestContext,
  definition: Definition<Path, Query, Body, A>,
  { input, format, context }: Asked<Path, Query, Body>,
): Promise<Response> {
  const call = { ...context, by: c.var.actor, access: c.var.access };
  // Read before the rows: a tag older than they are costs one more answer, a newer one would keep what is old.
  const tag = definition.published && entityTag(await readBuild(context, definition.published(input)), format);
  const isStill = tag !== undefined && isHeld(c.req.header("If-None-Match"), tag);
  const answered = isStill
    ? c.body(null, 304)
    : definition.table && format !== "json"
      ? await answerTable(c, await definition.table(input, call), format)
      : answerJson(c, await definition.handle(input, call));
  if (definition.table) answered.headers.append("Vary", "Accept");
  const isTagged = tag !== undefined && (answered.status === 200 || answered.status === 304);
  answered.headers.set("Cache-Control", isTagged ? "private, no-cache" : "no-store");
  if (isTagged) answered.headers.set("ETag", tag);
  return answered;
}

const answerJson = (c: RequestContext, { status, body }: { status: number; body: unknown }): Response =>
  c.json(body as object, status as ContentfulStatusCode);

const operationId = (method: Method, path: string) =>
  [method, ...path.replace(/^\/api/, "").split(/[^A-Za-z0-9]+/)]
    .filter((word) => word !== "")
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join("");

function documentAnswers(
  answers: Answers,
  { takesInput, hasTable, isPublished }: { takesInput: boolean; hasTable: boolean; isPublished: boolean },
): ZodOpenApiOperationObject["responses"] {
  const described = Object.entries(answers).map(([status, { description, schema }]) => [
    status,
    { description, content: { ...jsonOf(schema), ...(hasTable && status === "200" && tableContent) } },
  ]);
  const failure = { description: "What is wrong, and with which field.", content: jsonOf(errorAnswer) };
  return {
    ...Object.fromEntries(described),
    ...(isPublished && { 304: notModified }),
    ...(hasTable && { 406: notAcceptable }),
    ...((takesInput || hasTable) && { 422: invalid }),
    default: failure,
  };
}

function jsonOf(schema: z.ZodType) {
  return { "application/json": { schema } };
}

/** What is refused though it is as described, the document tells too. */
const invalid = {
  description:
    "`invalid`: not as described here; or as described, where fields do not go together, such as dates in the wrong order, or name what is not there.",
  content: jsonOf(errorAnswer),
};

/** Each parameter once: which of two would count is nobody's guess. */
function singleValues(queries: Record<string, string[]>): Record<string, string> {
  const entries = Object.entries(queries).map(([name, values]): [string, string] => {
    const [first, ...others] = values;
    if (first === undefined || others.length > 0) {
      const field = shorten(name);
      throw new HttpError(422, "invalid", `\`${field}\` is given ${values.length} times.`, { field });
    }
    return [name, first];
  });
  return Object.fromEntries(entries);
}

/**
 * The JSON body; none counts as `{}`. The content type is not looked at, so that `curl -d` works as it is typed: other sites'
 * requests have been refused by their origin before, whatever type they claim.
 */
async function readBody(c: RequestContext): Promise<unknown> {
  const text = await c.req.text();
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, "malformed", "The body is not JSON.");
  }
}

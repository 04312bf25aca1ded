import fc from "fast-check";
import { operations } from "../../server/api.ts";
import { errorAnswer } from "../../server/http/schemas.ts";
import { type JsonSchema, type References, valuesOf } from "../support/json-schema.ts";
import type { TestApp } from "./support.ts";

type Parameter = { name: string; in: "path" | "query"; required?: boolean; schema: JsonSchema };
type Call = {
  parameters?: Parameter[];
  requestBody?: { content: { "application/json": { schema: JsonSchema } } };
};
type Document = { paths: Record<string, Record<string, Call>>; components: { schemas: References } };

/** What is sent: values of the path and the query by name, and a body, which is sent as it is where it is a string. */
export type Sent = { path: Record<string, unknown>; query: Record<string, unknown>; body: unknown };

/** One call of the OpenAPI document, and the requests that are drawn for it. */
export type DescribedCall = {
  method: string;
  template: string;
  /** What the document calls valid; `known` are texts that are there, and half of the bodies an `example` with some fields replaced. */
  valid(options: { known: readonly string[]; example: Record<string, unknown> | undefined }): fc.Arbitrary<Sent>;
  /** Whatever somebody may send. */
  hostile(): fc.Arbitrary<Sent>;
  send(app: TestApp, sent: Sent): Promise<Response>;
  /** What is wrong with an answer by the document, if anything. */
  misfit(status: number, body: unknown): string | undefined;
};

/** Every call that the app's document describes. */
export async function describedCalls(app: TestApp): Promise<DescribedCall[]> {
  const document = (await (await app.get("/api/openapi.json")).json()) as Document;
  return Object.entries(document.paths).flatMap(([template, calls]) =>
    Object.entries(calls).map(([method, call]) => describedCall(document, { method, template, call })),
  );
}

function describedCall(
  document: Document,
  { method, template, call }: { method: string; template: string; call: Call },
): DescribedCall {
  const references = document.components.schemas;
  const { parameters = [], requestBody } = call;
  const body = requestBody?.content["application/json"].schema;
  const namesIn = (place: Parameter["in"]) => parameters.filter((one) => one.in === place).map(({ name }) => name);

  const valuesIn = (place: Parameter["in"], known: readonly string[]) => {
    const own = parameters.filter((parameter) => parameter.in === place);
    const requiredKeys = own.filter(({ required }) => required === true).map(({ name }) => name);
    const values = own.map(({ name, schema }) => [name, valuesOf(schema, { references, known })] as const);
    return fc.record(Object.fromEntries(values), { requiredKeys });
  };
  return {
    method,
    template,
    valid: ({ known, example }) => {
      const drawn = body ? valuesOf(body, { references, known }) : fc.constant(undefined);
      const names = fc.array(fc.constantFrom(...Object.keys(fieldsOf(body, references)), "none"), { maxLength: 2 });
      const near = fc.tuple(drawn, names).map(([other, replaced]) => {
        const fields = Object.entries(other ?? {}).filter(([name]) => replaced.includes(name));
        return { ...example, ...Object.fromEntries(fields) };
      });
      const sent = { path: valuesIn("path", known), query: valuesIn("query", known) };
      return fc.record({ ...sent, body: example ? fc.oneof(drawn, near) : drawn }).filter(isAddress);
    },
    hostile: () => {
      const text = fc.oneof(fc.string({ unit: "binary", minLength: 1 }), fc.constantFrom(...hostileTexts));
      const query = fc.dictionary(fc.oneof(fc.constantFrom(...namesIn("query"), "x"), text), text, { maxKeys: 5 });
      const fields = fc.dictionary(fc.constantFrom(...Object.keys(fieldsOf(body, references)), "x"), anyJson);
      const path = fc.record(Object.fromEntries(namesIn("path").map((name) => [name, text])));
      return fc.record({ path, query, body: fc.oneof(fields, anyJson, text) }).filter(isAddress);
    },
    send: (app, sent) => {
      const pathname = template.replaceAll(/\{(\w+)\}/g, (_, name) =>
        encodeURIComponent(String(sent.path[name]).toWellFormed()),
      );
      const search = new URLSearchParams(Object.entries(sent.query).flatMap(written));
      return app.send(method.toUpperCase(), `${pathname}?${search}`, method === "get" ? undefined : sent.body);
    },
    misfit: (status, answer) => {
      const operation = operations.find((one) => one.method === method && one.path === template);
      const { success, error } = (operation?.answers[status]?.schema ?? errorAnswer).safeParse(answer);
      return success ? undefined : error.message;
    },
  };
}

/** A parameter as an address has it; an object's properties are parameters of their own, as is OpenAPI's way where nothing else is said. */
const written = ([name, value]: [string, unknown]): [string, string][] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).map(([property, inner]) => [property, String(inner)])
    : [[name, String(value)]];

const anyJson = fc.oneof(fc.jsonValue(), fc.double(), fc.bigInt().map(Number), fc.constantFrom("", null, [], {}, -1));

/** What breaks where a text becomes a number, a date, a pattern, SQL or an address. */
export const hostileTexts = [
  ..."0 -1 1e309 NaN Infinity 9223372036854775808 0x10 % %00 %ff .. ../.. \\ ' \" ; -- $1 {} [] null undefined".split(
    " ",
  ),
  ..."2020-02-30 0000-01-01 9999-12-31 99999-01-01 infinity now epoch __proto__ constructor toString".split(" "),
  ..."\ud800 \u202e \0 \u00e9 \ufeff".split(" "),
  "x".repeat(5000),
];

/** Like the browser's, our addresses have no segment that leads to another path. */
const isAddress = ({ path }: Sent) => !Object.values(path).some((value) => value === "." || value === "..");

function fieldsOf(schema: JsonSchema | undefined, references: References): Record<string, JsonSchema> {
  if (schema?.$ref !== undefined) return fieldsOf(references[schema.$ref.split("/").at(-1) ?? ""], references);
  return schema?.properties ?? {};
}

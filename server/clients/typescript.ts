import { join } from "node:path";
import { z } from "zod";
import { version } from "../../package.json";

/** As much of JSON Schema as our document has. */
type Schema = {
  $ref?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  description?: string;
};

const schema = z.custom<Schema>((value) => typeof value === "object" && value !== null);
const content = z.object({ "application/json": z.object({ schema }).optional() });
const call = z.object({
  summary: z.string(),
  parameters: z
    .array(
      z.object({
        in: z.string(),
        name: z.string(),
        required: z.boolean().optional(),
        schema,
        description: z.string().optional(),
      }),
    )
    .default([]),
  requestBody: z.object({ content }).optional(),
  responses: z.record(z.string(), z.object({ content: content.optional() })),
});
const documentSchema = z.object({
  paths: z.record(z.string(), z.record(z.string(), call)),
  components: z.object({ schemas: z.record(z.string(), schema) }),
});

type CallDocument = z.infer<typeof call>;

/**
 * A client in TypeScript, whole in one file: the types of every call, from the document that describes them, and one function
 * that makes them. Throws where the document is not one of ours.
 */
export async function typescriptClient(document: unknown): Promise<string> {
  const { paths, components } = documentSchema.parse(document);
  const calls = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => callType(`${method.toUpperCase()} ${path}`, described)),
  );
  const schemas = Object.entries(components.schemas).map(([name, described]) => field(name, described, true));
  const runtime = await Bun.file(join(import.meta.dir, "typescript-runtime.ts")).text();
  return [
    `// Made by Barline ${version} of its own /api/openapi.json; nothing is to be installed.`,
    "//",
    '//   import { createBarline } from "./barline.ts";',
    '//   const barline = createBarline("http://127.0.0.1:3000", { token: "barline_…" });',
    '//   const bars = await barline("GET /api/bars/{ticker}", { path: { ticker: "AAPL" }, query: { from: "2020-01-01" } });',
    "",
    `/** What calls answer, by name. */\nexport type Schemas = {\n${schemas.join("\n")}\n};\n`,
    `/** Every call, by method and path. */\nexport type Calls = {\n${calls.join("\n")}\n};\n`,
    "/** A Barline by its address: a function that makes any of its calls. */",
    "export const createBarline = (url: string, options?: ClientOptions) => createClient<Calls>(url, options);\n",
    runtime,
  ].join("\n");
}

function callType(name: string, { summary, parameters, requestBody, responses }: CallDocument): string {
  const partOf = (place: string): string => {
    const fields = parameters.filter((parameter) => parameter.in === place);
    if (fields.length === 0) return "undefined";
    return `{ ${fields.map((one) => field(one.name, described(one), one.required === true)).join(" ")} }`;
  };
  const sent = requestBody?.content["application/json"]?.schema;
  const answers = Object.entries(responses)
    .filter(([status]) => status.startsWith("2"))
    .map(([, response]) => response.content?.["application/json"]?.schema);
  return [
    comment(summary),
    `${key(name)}: {`,
    `path: ${partOf("path")};`,
    `query: ${partOf("query")};`,
    `body: ${sent ? typeOf(sent) : "undefined"};`,
    `answer: ${union(answers.map((one) => (one ? typeOf(one) : "unknown")))};`,
    "};",
  ].join("\n");
}

const described = (parameter: { schema: Schema; description?: string | undefined }): Schema =>
  parameter.description === undefined ? parameter.schema : { ...parameter.schema, description: parameter.description };

function field(name: string, schema: Schema, isRequired: boolean): string {
  return `${schema.description ? `${comment(schema.description)}\n` : ""}${key(name)}${isRequired ? "" : "?"}: ${typeOf(schema)};`;
}

const key = (name: string) => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name));
const comment = (text: string) => `/** ${text.replaceAll("*/", "* /").replaceAll(/\s*\n\s*/g, " ")} */`;
const union = (types: readonly string[]) => [...new Set(types)].join(" | ") || "unknown";

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return `Schemas[${JSON.stringify(schema.$ref.split("/").at(-1))}]`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return union(schema.enum.map((value) => JSON.stringify(value)));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return union(choices.map(typeOf));
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => typeOf({ ...schema, type })));
  switch (schema.type) {
    case "object":
      return objectType(schema);
    case "array":
      return `Array<${schema.items ? typeOf(schema.items) : "unknown"}>`;
    case "integer":
    case "number":
      return "number";
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    default:
      return "unknown";
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema): string {
  const fields = Object.entries(properties).map(([name, one]) => field(name, one, required.includes(name)));
  if (fields.length > 0) return `{ ${fields.join("\n")} }`;
  return `Record<string, ${typeof additionalProperties === "object" ? typeOf(additionalProperties) : "unknown"}>`;
}

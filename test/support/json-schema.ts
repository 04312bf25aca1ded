import fc from "fast-check";

/** As much of JSON Schema as the API's document uses. */
export type JsonSchema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  items?: JsonSchema;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  minProperties?: number;
  propertyNames?: JsonSchema;
  additionalProperties?: boolean | JsonSchema;
};

export type References = Record<string, JsonSchema>;

/** Long lists and texts show nothing that short ones do not. */
const longest = 6;

/**
 * Values that `schema` describes, and no others: what it leaves open is taken at its word. Of `known` texts, those that it describes
 * are drawn often.
 */
export function valuesOf(
  schema: JsonSchema,
  { references = {}, known = [] }: { references?: References; known?: readonly string[] } = {},
): fc.Arbitrary<unknown> {
  const of = (inner: JsonSchema) => valuesOf(inner, { references, known });
  if (schema.$ref !== undefined) {
    const referred = references[schema.$ref.split("/").at(-1) ?? ""];
    if (!referred) throw new Error(`${schema.$ref} is nowhere.`);
    return of(referred);
  }
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map(of));
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type) => of({ ...schema, type })));
  switch (schema.type) {
    case "string":
      return textsOf(schema, known);
    case "integer":
      return integersOf(schema);
    case "number":
      return numbersOf(schema);
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array": {
      const { items = {}, minItems = 0, maxItems = longest } = schema;
      return fc.array(of(items), { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, longest)) });
    }
    case "object":
      return objectsOf(schema, of);
    default:
      return fc.jsonValue();
  }
}

const lengthOf = (text: string) => [...text].length;

function textsOf(schema: JsonSchema, known: readonly string[]): fc.Arbitrary<string> {
  const fits = fitting(schema);
  const there = known.filter(fits);
  const drawn = drawnTexts(schema).filter(fits);
  return there.length === 0 ? drawn : fc.oneof(drawn, { arbitrary: fc.constantFrom(...there), weight: 3 });
}

function fitting({ pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY }: JsonSchema) {
  const expression = new RegExp(pattern ?? "");
  return (text: string) => expression.test(text) && lengthOf(text) >= minLength && lengthOf(text) <= maxLength;
}

function drawnTexts({ pattern, minLength = 0, maxLength }: JsonSchema): fc.Arbitrary<string> {
  const most = Math.min(maxLength ?? longest * 10, Math.max(minLength, longest * 10));
  const any = fc.string({ unit: "binary", minLength, maxLength: most });
  if (pattern === undefined) return any;
  const matching = fc.stringMatching(new RegExp(pattern), { size: "small" });
  // What a pattern only looks for is found in few texts that are drawn without it.
  return fc.oneof(
    matching,
    fc.tuple(any, matching, any).map((parts) => parts.join("")),
  );
}

function integersOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): fc.Arbitrary<number> {
  const min = minimum ?? (exclusiveMinimum === undefined ? Number.MIN_SAFE_INTEGER : exclusiveMinimum + 1);
  const max = maximum ?? (exclusiveMaximum === undefined ? Number.MAX_SAFE_INTEGER : exclusiveMaximum - 1);
  // Small ones are those that may be there.
  return fc.oneof(
    fc.integer({ min, max: Math.min(max, Math.max(min, 0) + 3) }),
    fc.integer({ min, max }),
    fc.constantFrom(min, max),
  );
}

function numbersOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): fc.Arbitrary<number> {
  return fc
    .double({
      min: minimum ?? exclusiveMinimum ?? -Number.MAX_VALUE,
      max: maximum ?? exclusiveMaximum ?? Number.MAX_VALUE,
      minExcluded: exclusiveMinimum !== undefined,
      maxExcluded: exclusiveMaximum !== undefined,
      noNaN: true,
      noDefaultInfinity: true,
    })
    .map((value) => (Object.is(value, -0) ? 0 : value));
}

function objectsOf(schema: JsonSchema, of: (inner: JsonSchema) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], minProperties = 0, propertyNames, additionalProperties } = schema;
  const names = propertyNames ? of(propertyNames).map(String) : fc.string({ minLength: 1, maxLength: longest });
  const known = fc.record(Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, of(inner)])), {
    requiredKeys: required,
  });
  const others =
    typeof additionalProperties === "object"
      ? fc.dictionary(names, of(additionalProperties), { maxKeys: 3 })
      : fc.constant({});
  return fc
    .tuple(others, known)
    .map(([other, own]) => ({ ...other, ...own }))
    .filter((value) => Object.keys(value).length >= minProperties);
}

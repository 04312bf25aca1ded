import { z } from "zod";
import { StrategyFault } from "../../backtest/checks/fault.ts";
import type { Strategy } from "../../backtest/strategies/index.ts";
import type { ParameterDescription, StrategyDescription } from "./messages.ts";

/** A strategy as it can be told to another thread. Throws a StrategyFault where a parameter cannot. */
export function describeStrategy({ id, name, description, scope, parameters }: Strategy): StrategyDescription {
  if (!(parameters instanceof z.ZodObject)) {
    throw new StrategyFault("parameters", "`parameters` has to be a z.strictObject({ … }).");
  }
  const { properties = {} } = z.toJSONSchema(parameters, { io: "input", unrepresentable: "any" });
  const described = Object.entries(properties).map(([parameter, schema]) => describeParameter(parameter, schema));
  return { id, name, description, scope, parameters: described };
}

const bound = z.number().nullable().catch(null);
const jsonSchema = z.object({
  type: z.string().catch(""),
  default: z.number().optional().catch(undefined),
  ...{ minimum: bound, exclusiveMinimum: bound, maximum: bound, exclusiveMaximum: bound },
  description: z.string().catch(""),
  examples: z.array(z.number()).catch([]),
});

function describeParameter(name: string, schema: unknown): ParameterDescription {
  const { type, default: byDefault, ...known } = jsonSchema.parse(schema);
  if (!/^[a-z][A-Za-z0-9]{0,59}$/.test(name)) {
    const message = `The parameter “${name.slice(0, 60)}” has to be called by letters and digits, from a lower-case letter on, as longWindow.`;
    throw new StrategyFault("parameters", message);
  }
  if (type !== "number" && type !== "integer") {
    throw new StrategyFault("parameters", `The parameter \`${name}\` has to be a number: z.number() or z.int().`);
  }
  if (byDefault === undefined) {
    throw new StrategyFault("parameters", `The parameter \`${name}\` needs a default: .default(20).`);
  }
  // z.int() has bounds by itself, which nobody has to read.
  const meant = (value: number | null) => (value === null || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? null : value);
  const { description, examples } = known;
  const bounds = {
    minimum: meant(known.minimum),
    exclusiveMinimum: meant(known.exclusiveMinimum),
    maximum: meant(known.maximum),
    exclusiveMaximum: meant(known.exclusiveMaximum),
  };
  return { name, isWhole: type === "integer", byDefault, ...bounds, description, examples };
}

/** The schema of described parameters, each by itself: whether values go together is told by the file alone. */
export function schemaOf(parameters: readonly ParameterDescription[]): z.ZodObject {
  return z.strictObject(Object.fromEntries(parameters.map((parameter) => [parameter.name, numberOf(parameter)])));
}

function numberOf(parameter: ParameterDescription): z.ZodType {
  const { isWhole, byDefault, minimum, exclusiveMinimum, maximum, exclusiveMaximum, description, examples } = parameter;
  const error = allowed(parameter);
  let schema: z.ZodNumber = isWhole ? z.int({ error }) : z.number({ error });
  if (minimum !== null) schema = schema.min(minimum, { error });
  if (exclusiveMinimum !== null) schema = schema.gt(exclusiveMinimum, { error });
  if (maximum !== null) schema = schema.max(maximum, { error });
  if (exclusiveMaximum !== null) schema = schema.lt(exclusiveMaximum, { error });
  return schema.default(byDefault).meta({ description, ...(examples.length > 0 && { examples }) });
}

function allowed({ isWhole, minimum, exclusiveMinimum, maximum, exclusiveMaximum }: ParameterDescription): string {
  const kind = isWhole ? "has to be a whole number" : "has to be a number";
  const least = minimum !== null ? ` from ${minimum}` : exclusiveMinimum !== null ? ` above ${exclusiveMinimum}` : "";
  const most = maximum !== null ? ` up to ${maximum}` : exclusiveMaximum !== null ? ` below ${exclusiveMaximum}` : "";
  return `${kind}${least}${least !== "" && most !== "" ? "," : ""}${most}`;
}

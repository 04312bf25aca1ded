import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Float } from "../../../jobs/transform/jinja/values.ts";
import { createJinja } from "../../../jobs/transform/project/jinja.ts";

const folder = new URL("./dbt-corpus/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), "utf8");

/** What dbt made of a template: a text, a refusal of its own, or a text with an address in memory, which says nothing. */
type Recorded = { template: string } & ({ text: string } | { error: string } | { address: true });

const recorded = read("expressions.jsonl")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Recorded);

/** What dbt renders and Barline does not, by what the refusal says. */
const refused: Record<string, string[]> = {
  "the escape \\N in a text is not supported": ["{{ '\\N{BULLET}' }}"],
  "a complex number is not supported": ["{{ (-8) ** 0.5 }}"],
  "urlize is not supported": ["{{ 'http://x.org and www.y.com' | urlize }}"],
  "encode() is not supported": [
    "{{ 'é'.encode('utf-8') }}",
    "{{ 'é'.encode() | length }}",
    "{{ 'abc'.encode('ascii').decode('ascii') }}",
  ],
  "hex() of a float is not supported": ["{{ (1.5).hex() }}"],
  "{% autoescape %} is not supported": ["{% autoescape true %}{{ '<' }}{% endautoescape %}"],
  "{% block %} is not supported": ["{% block a %}x{% endblock %}y"],
};

const noProject = () => {
  throw new Error("there is no project");
};

function render(refusesUndefined?: () => boolean) {
  const jinja = createJinja({
    macros: [{ path: "macros.sql", text: read("macros.sql") }],
    projectName: "corpus",
    variables: { x: "text", n: 5, l: [1, "a"], d: { a: 1 }, f: new Float(1), b: true, t: "{{ 1 + 1 }}" },
    environment: { HOME_OF_CORPUS: "/home/corpus", NUMBER_OF_CORPUS: "7" },
    database: "corpus",
    docs: new Map(),
    now: () => new Date("2024-02-29T13:05:07.123Z"),
    invocationId: "",
    ...(refusesUndefined && { refusesUndefined }),
  });
  const scope = { path: "t.sql", self: undefined, incremental: false, execute: true };
  return (template: string) => {
    try {
      return { text: jinja.render(template, { ...scope, ref: noProject, source: noProject, config: noProject }) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  };
}

describe("templates that dbt rendered", () => {
  const ours = render();
  const known = new Set(Object.values(refused).flat());

  test("come out the same, or are refused where dbt refuses them", () => {
    const differing = recorded.flatMap((entry) => {
      const found = ours(entry.template);
      if ("address" in entry || known.has(entry.template)) return [];
      const same = "text" in entry ? found.text === entry.text : "error" in found;
      return same ? [] : [{ ...entry, ours: found }];
    });
    expect(differing).toEqual([]);
    expect(recorded.length).toBeGreaterThan(2000);
  });

  test.each(Object.entries(refused))("are refused by name: %s", (name, templates) => {
    for (const template of templates) expect(ours(template).error).toContain(name);
  });
});

describe("what is not defined", () => {
  test("is refused by its name in our own models, where dbt goes on with nothing", () => {
    const strict = render(() => true);
    for (const [template, name] of [
      ["{{ nobody }}", "nobody"],
      ["{{ {'a': 1}.b }}", "this.b"],
      ["{% for x in nobody %}{% endfor %}", "nobody"],
      ["{{ nobody ~ 'x' }}", "nobody"],
      ["{{ [nobody] }}", "nobody"],
      ["{{ nobody | upper }}", "nobody"],
      ["{{ [] | first }}", "the first of nothing"],
      ["{{ takes_two(1) }}", "b"],
    ] as const) {
      expect(strict(template).error).toContain(`'${name}' is not defined`);
    }
  });

  test("may be asked about everywhere", () => {
    const strict = render(() => true);
    for (const [template, text] of [
      ["{{ nobody is defined }}", "False"],
      ["{{ nobody | default('d') }}", "d"],
      ["{{ nobody or 'x' }}", "x"],
      ["{{ 'x' if false }}", ""],
      ["{% if nobody %}a{% endif %}", ""],
    ] as const) {
      expect(strict(template)).toEqual({ text });
    }
  });
});

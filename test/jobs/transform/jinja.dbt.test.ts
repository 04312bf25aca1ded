import { describe, expect, test } from "bun:test";
import { corpusScope, differs, messageOf, type Outcome, openCorpus, readRecorded } from "./dbt-corpus/corpus.ts";

const recorded = readRecorded("expressions");

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

function render(options: { refusesUndefined?(): boolean } = {}) {
  const jinja = openCorpus(options);
  return (template: string): Outcome => {
    try {
      return { text: jinja.render(template, corpusScope) };
    } catch (error) {
      return { error: messageOf(error) };
    }
  };
}

describe("templates that dbt rendered", () => {
  const ours = render();
  const known = new Set(Object.values(refused).flat());

  test("come out the same, or are refused where dbt refuses them", () => {
    const differing = recorded.flatMap((entry) => {
      const found = ours(entry.template);
      return known.has(entry.template) || !differs(entry, found) ? [] : [{ ...entry, ours: found }];
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
    const strict = render({ refusesUndefined: () => true });
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
    const strict = render({ refusesUndefined: () => true });
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

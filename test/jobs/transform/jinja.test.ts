import { describe, expect, test } from "bun:test";
import { bindMacro, execute } from "../../../jobs/transform/jinja/execute.ts";
import { parseTemplate } from "../../../jobs/transform/jinja/parser.ts";
import { fromPlain } from "../../../jobs/transform/jinja/plain.ts";
import { createScope, type Run } from "../../../jobs/transform/jinja/scope.ts";
import { callable, Thing } from "../../../jobs/transform/jinja/values.ts";

function render(text: string, names: Record<string, unknown> = {}): string {
  const run: Run = {
    place: { path: "t.sql", line: 1 },
    globals: createScope(),
    depth: 0,
    rounds: 0,
    refusesUndefined: () => true,
    parsed: undefined,
  };
  run.globals.set(
    "namespace",
    callable((_, keywords) => new Thing("namespace", new Map(keywords))),
  );
  for (const [name, value] of Object.entries(names)) run.globals.set(name, fromPlain(value));
  const { body, macros } = parseTemplate(text);
  for (const macro of macros) run.globals.set(macro.name, bindMacro(run, "t.sql", macro, run.globals));
  return execute(run, createScope(run.globals.get), body);
}

/** Left the template, right what Jinja2 3.1 under Python prints. */
const cases: [string, string][] = [
  [
    "{{ none }} {{ true }} {{ 7 / 2 }} {{ 4 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 3 }}",
    "None True 3.5 2.0 3 -4 2 8",
  ],
  ["{{ [1, 'a', 2.0, none] }} {{ (1,) }} {{ {'a': 1} }}", "[1, 'a', 2.0, None] (1,) {'a': 1}"],
  ["{{ 1 if [] else 2 }}{{ 1 if {} else 2 }}{{ 1 if '' else 2 }}{{ 1 if 0.0 else 2 }}", "2222"],
  ["{% set x = 1 %}{% for i in [1, 2] %}{% set x = i + 5 %}{% endfor %}{{ x }}", "1"],
  ["{% set n = namespace(x=0) %}{% for i in [1, 2] %}{% set n.x = n.x + i %}{% endfor %}{{ n.x }}", "3"],
  ["{% set a, b = (1, 2) %}{{ b ~ a }}", "21"],
  ["{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }}{{ ',' if not loop.last }}{% endfor %}", "a=1,b=2"],
  [
    "{% for i in [1, 2, 3] if i != 2 %}{{ loop.index }}/{{ loop.length }}:{{ i }} {% else %}none{% endfor %}",
    "1/2:1 2/2:3 ",
  ],
  ["{% for i in [] %}{% else %}none{% endfor %}", "none"],
  ["{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, b=2) }}{{ m(b=3, a=4) }}", "111243"],
  ["{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, x=2) }}", "(1,){'x': 2}"],
  ["{% macro m() %}[{{ caller(5) }}]{% endmacro %}{% call(n) m() %}{{ n }}!{% endcall %}", "[5!]"],
  ["{% set x %}a b{% endset %}{{ x | upper }}{% filter upper %}c{% endfilter %}", "A BC"],
  ["{% set l = [] %}{% do l.append(1) %}{% do l.extend([2]) %}{{ l }}{{ 3 not in l }}", "[1, 2]True"],
  ["{{ 'a,b'.split(',') | join('-') }} {{ ' x '.strip() }} {{ 'ab'[::-1] }} {{ [1, 2, 3][-2:] }}", "a-b x ba [2, 3]"],
  ["{{ '%s-%03d-%.1f' % ('a', 5, 2) }} {{ '{} {x}'.format(1, x=2) }}", "a-005-2.0 1 2"],
  [
    "{{ x is defined }} {{ none is none }} {{ 'a' is string }} {{ [1] is iterable }} {{ 4 is divisibleby 2 }} {{ 1 is not none }}",
    "False True True True True True",
  ],
  ["{{ [{'n': 2}, {'n': 1}] | sort(attribute='n') | map(attribute='n') | list }}", "[1, 2]"],
  [
    "{{ [1, 2, 3] | select('gt', 1) | list }}{{ [1, 2] | sum }}{{ x | default('d') }}{{ none | default('d', true) }}",
    "[2, 3]3dd",
  ],
  ["a {%- if true -%} b {%- endif -%} c", "abc"],
  ["{# not {{ this }} #}{% raw %}{{ raw }}{% endraw %}\n", "{{ raw }}"],
  ["{{ 1 < 2 < 3 }} {{ 'a' 'b' }} {{ not 1 == 2 }} {{ 0 or 'x' }} {{ 1 and 'y' }}", "True ab True x y"],
  ["{{ {'a': {'b': [1, {'c': 2}]}}.a.b[1].c }}{{ {'a': none}.get('a', 1) }}", "2None"],
  ["{{ 'x' if false }}|", "|"],
];

describe("a template", () => {
  test.each(cases)("%s", (template, expected) => {
    expect(render(template)).toBe(expected);
  });

  test("refuses what is not defined, and what has no meaning", () => {
    expect(() => render("{{ nobody }}")).toThrow("'nobody' is not defined");
    expect(() => render("{{ nobody.a }}")).toThrow("'nobody' is not defined");
    expect(() => render("{{ 1 + 'a' }}")).toThrow("1 + 'a' has no meaning");
    expect(() => render("{{ 1 | nothing }}")).toThrow("there is no filter 'nothing'");
    expect(() => render("{% set a, b = [1] %}")).toThrow("1 values cannot be given to 2 names");
    expect(() => render("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")).toThrow("'m' calls itself without end");
    expect(() => render("{{ 'a")).toThrow("is not understood here");
  });
});

"""Writes what real dbt makes of each template in expressions.txt to expressions.jsonl.

Run where dbt-core 1.10 is installed: `bun run dbt-corpus`. The environment, its filters and tests are dbt's, the functions those of
dbt's base context, and each macro of macros.sql is bound as dbt binds a project's.
"""

import datetime
import json
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

folder = Path(__file__).parent
if os.environ.get("PYTHONHASHSEED") != "0":
    # Sets of texts print in the order of their hashes.
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
os.environ.update(HOME_OF_CORPUS="/home/corpus", NUMBER_OF_CORPUS="7")

import pytz  # noqa: E402
from argparse import Namespace  # noqa: E402

from dbt.clients.jinja import get_rendered  # noqa: E402
from dbt.context.base import generate_base_context  # noqa: E402
from dbt_common.clients.jinja import CallableMacroGenerator, get_environment  # noqa: E402
from dbt_common.context import set_invocation_context  # noqa: E402
from dbt.flags import set_from_args  # noqa: E402
from jinja2 import nodes  # noqa: E402

set_from_args(Namespace(print=False, show_all_deprecations=False, warn_error=False), None)
set_invocation_context({"HOME_OF_CORPUS": "/home/corpus", "NUMBER_OF_CORPUS": "7"})

VARIABLES = {"x": "text", "n": 5, "l": [1, "a"], "d": {"a": 1}, "f": 1.0, "b": True, "t": "{{ 1 + 1 }}"}
STARTED = datetime.datetime(2024, 2, 29, 13, 5, 7, 123000, tzinfo=pytz.utc)
SYMBOLS = {"⏎": "\n", "␍": "\r", "⇥": "\t"}


def templates():
    """Each template alone; where a line has nothing but expressions, each of them."""
    for line in (folder / "expressions.txt").read_text().split("\n"):
        if not line or line.startswith("# "):
            continue
        parts = [line] if re.search(r"\{%|\{#|\{\{[-+]|[-+]\}\}", line) else re.split(r"(?<=}}) (?=\{\{ )|(?<=}}\|) ?(?=\{\{ )", line)
        for part in parts:
            yield re.sub("[⏎␍⇥]", lambda found: SYMBOLS[found[0]], part)


def context():
    found = generate_base_context(VARIABLES)
    found["run_started_at"] = STARTED
    text = (folder / "macros.sql").read_text()
    for macro in get_environment().parse(text).find_all(nodes.Macro):
        name = macro.name.replace("dbt_macro__", "")
        found[name] = CallableMacroGenerator(SimpleNamespace(name=name, macro_sql=text), found)
    return found


def outcome(template):
    try:
        return {"text": get_rendered(template, context())}
    except Exception as error:  # noqa: BLE001
        # The first line of dbt's says that it could not be compiled.
        return {"error": str(error).strip().split("\n")[1].strip()[:200]}


with (folder / "expressions.jsonl").open("w") as out:
    for template in templates():
        result = outcome(template)
        if re.search(r" at 0x[0-9a-f]+", result.get("text", "")):
            result = {"address": True}
        out.write(json.dumps({"template": template, **result}, ensure_ascii=False) + "\n")

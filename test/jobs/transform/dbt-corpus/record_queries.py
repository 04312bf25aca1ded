"""Writes what real dbt makes of each line in queries.txt to queries.jsonl.

Run by `bun run dbt-corpus`, which gives the address of a Postgres. Each line is a model of a project of its own.
"""

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlparse

# Where a time is told in the session's zone, it is Barline's.
os.environ["PGOPTIONS"] = "-c timezone=UTC"
os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"

from dbt.cli.main import dbtRunner  # noqa: E402

folder = Path(__file__).parent
server = urlparse(sys.argv[1])


def templates():
    for line in (folder / "queries.txt").read_text().split("\n"):
        if line and not line.startswith("# "):
            yield line if line.startswith("{") else "{% set sql %}{% raw %}" + line + "{% endraw %}{% endset %}{{ shown(sql) }}"


with tempfile.TemporaryDirectory() as name:
    project = Path(name)
    for part in ("models", "macros"):
        (project / part).mkdir()
    (project / "dbt_project.yml").write_text("name: corpus\nprofile: corpus\n")
    (project / "macros" / "macros.sql").write_text((folder / "macros.sql").read_text())
    profile = dict(type="postgres", host=server.hostname, port=server.port, user=server.username, password=server.password or "none",
                   dbname=server.path.strip("/"), schema="public", threads=1)
    (project / "profiles.yml").write_text(json.dumps({"corpus": {"target": "dev", "outputs": {"dev": profile}}}))
    cases = list(templates())
    for index, template in enumerate(cases):
        # While it is only parsed, dbt answers no query.
        (project / "models" / f"case_{index:04}.sql").write_text("{% if execute %}" + template + "{% endif %}")
    result = dbtRunner().invoke(["run", "--project-dir", name, "--profiles-dir", name, "--quiet", "--no-populate-cache"])
    outcomes = {}
    for run in result.result or []:
        index = int(run.node.name.removeprefix("case_"))
        # What it renders need be no SQL: then it is compiled, and cannot be run.
        if run.node.compiled:
            outcomes[index] = {"text": run.node.compiled_code}
        else:
            lines = [line.strip() for line in str(run.message).split("\n") if line.strip()]
            outcomes[index] = {"error": re.sub(r" at 0x[0-9a-f]+", "", lines[1] if len(lines) > 1 else lines[0])[:200]}
    if len(outcomes) != len(cases):
        sys.exit(f"dbt compiled {len(outcomes)} of {len(cases)}: {result.exception}")
    with (folder / "queries.jsonl").open("w") as out:
        for index, template in enumerate(cases):
            outcome = outcomes[index]
            if re.search(r" at 0x[0-9a-f]+", outcome.get("text", "")):
                outcome = {"address": True}
            out.write(json.dumps({"template": template, **outcome}, ensure_ascii=False) + "\n")

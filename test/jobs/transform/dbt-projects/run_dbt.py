"""Runs dbt for record.ts: reads one JSON object a line ({"dir", "args"}), answers one a line with how each node went."""

import json
import os
import sys

from dbt.cli.main import dbtRunner

answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)


def kind_of(message: str) -> str:
    return "compile" if "Compilation Error" in message else "database"


def run(request: dict) -> dict:
    place = ["--project-dir", request["dir"], "--profiles-dir", request["dir"]]
    result = dbtRunner().invoke(["--quiet", *request["args"], *place])
    if result.exception is not None or not hasattr(result.result, "results"):
        return {"error": "compile", "message": str(result.exception)}
    nodes = [
        {
            "name": each.node.name,
            "type": str(each.node.resource_type),
            "status": str(each.status),
            "failures": each.failures,
            "error": kind_of(each.message or "") if str(each.status) == "error" else None,
            "message": each.message,
        }
        for each in result.result.results
    ]
    return {"nodes": nodes}


for line in sys.stdin:
    answers.write(json.dumps(run(json.loads(line))) + "\n")

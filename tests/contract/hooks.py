"""Gives the fuzzer ids that exist: an invented id only ever shows how a 404 looks.

Every second request gets a known id in its path or query, chosen by what was generated, so that a
run can be repeated with its seed.
"""

import json
import os
import zlib

import schemathesis

KNOWN = json.loads(os.environ.get("KARTLEGGING_FUZZ_KNOWN", "{}"))


def known_id(path):
    for part, ids in KNOWN.items():
        if path.startswith(f"/api/v1/{part}/{{id}}"):
            return ids
    return None


def pick(ids, generated):
    number = zlib.crc32(repr(generated).encode())
    return ids[number // 2 % len(ids)] if ids and number % 2 == 0 else None


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    ids = known_id(context.operation.path) if path_parameters else None
    if ids and "id" in path_parameters:
        path_parameters["id"] = pick(ids, path_parameters) or path_parameters["id"]
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    if context.operation.path == "/api/v1/worklist" and query and isinstance(query.get("unit"), str):
        query["unit"] = pick(KNOWN.get("units"), query) or query["unit"]
    return query

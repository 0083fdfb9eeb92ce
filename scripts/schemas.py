"""Makes the schemas of answers from answers that were recorded while the tests ran:

    ANSWERS=build/answers.jsonl make test ARGS=tests/cli; scripts/schemas.py build/answers.jsonl

What stands in the file already stays: a field may become optional or get another type beside its
own, and fields are added. `--anew` begins with nothing.
"""

import json
import sys
from pathlib import Path

FILE = Path(__file__).parents[1] / "runner/homerun/manual/schemas.json"

MAPS = {
    *("tags", "metrics", "properties", "params", "by_status", "environment_variables", "env"),
    *("labels", "hidden_tags", "arguments_by_name", "settings", "rules", "git", "packages"),
    *("usage", "system", "files", "mean", "max", "last", "now", "input_datasets", "difference"),
    *("differences", "values", "targets", "sizes"),
}
"""Fields that are objects with names of the user's own, or of what a run happened to have."""

WIDE = {
    **{key: ["null", "number", "string"] for key in ("last", "min", "max", "mean", "value")},
    **{key: ["array", "boolean", "null", "number", "object", "string"] for key in ("params",)},
    **{key: ["integer", "null", "string"] for key in ("signal",)},
    **{key: ["null", "string"] for key in ("description", "display_name", "cause", "host")},
}
"""Scalars that can be more than the tests show: a NaN is a text, and much is unknown at first."""

MANY = 10
"""From so many answers on, a field that each of them has is one that all have."""

ROW = {"run_id", "status", "experiment_name", "run_type"}
"""By these fields the row of a run is known, which many commands answer with."""

RUN = "$run"
"""The schema that all rows of runs share."""

NAMES = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


class Seen:
    """All values of one place."""

    def __init__(self, name="", depth=0):
        self.name = name
        self.depth = depth
        self.count = 0
        self.types = set()
        self.fields = {}
        self.always = None
        self.items = None
        self.is_map = False

    def add(self, value, name=""):
        self.count += 1
        if isinstance(value, dict):
            self.types.add("object")
            self.is_map = self.is_map or name in MAPS
            if self.is_map:
                for one in value.values():
                    self.fields.setdefault("*", Seen(name, self.depth + 1)).add(one)
                return
            self.always = {*value} if self.always is None else self.always & {*value}
            for key, one in value.items():
                self.fields.setdefault(key, Seen(key, self.depth + 1)).add(one, key)
        elif isinstance(value, list):
            self.types.add("array")
            self.items = self.items or Seen(name, self.depth)
            for one in value:
                self.items.add(one, name)
        else:
            self.types.add(NAMES[type(value)])

    def schema(self):
        types = self.types - ({"integer"} if "number" in self.types else set())
        if not types or types == {"null"}:
            return {}
        if self.name in WIDE and not types & {"object", "array"}:
            return {"type": WIDE[self.name]}
        found = {"type": [*sorted(types)] if len(types) > 1 else next(iter(types))}
        if self.is_map:
            found["additionalProperties"] = self.fields["*"].schema() if self.fields else True
        elif self.fields:
            found["properties"] = {key: self.fields[key].schema() for key in sorted(self.fields)}
            is_sure = self.depth == 0 or self.count >= MANY
            found["required"] = sorted(self.always or ()) if is_sure else []
        if self.items is not None and self.items.types:
            found["items"] = self.items.schema()
        return found


def joined(old, new):
    """A schema that both fit."""
    if not old or not new:
        return {}
    types = {*as_list(old["type"]), *as_list(new["type"])}
    types -= {"integer"} if "number" in types else set()
    made = {"type": sorted(types) if len(types) > 1 else next(iter(types))}
    if "additionalProperties" in old or "additionalProperties" in new:
        both = old.get("additionalProperties"), new.get("additionalProperties")
        known = [one for one in both if isinstance(one, dict)]
        made["additionalProperties"] = joined(*known) if len(known) == 2 else (known or [True])[0]
    properties = {**new.get("properties", {}), **old.get("properties", {})}
    for key in {*old.get("properties", {})} & {*new.get("properties", {})}:
        properties[key] = joined(old["properties"][key], new["properties"][key])
    if properties:
        made["properties"] = dict(sorted(properties.items()))
        sides = [one.get("required") for one in (old, new) if "properties" in one]
        made["required"] = sorted(set.intersection(*map(set, sides)))
    items = [one["items"] for one in (old, new) if "items" in one]
    if items:
        made["items"] = joined(*items) if len(items) == 2 else items[0]
    return made


def rows_in(schema):
    """The schemas within one that are of the row of a run."""
    is_one = "array" not in as_list(schema.get("type"))  # and not one or several, by the line
    if is_one and {*schema.get("properties", {})} >= ROW:
        yield schema
        return
    below = [
        *schema.get("properties", {}).values(),
        schema.get("items"),
        schema.get("additionalProperties"),
    ]
    for one in below:
        if isinstance(one, dict):
            yield from rows_in(one)


def unfolded(known):
    """The schemas with the row of a run in each that names it."""
    row = known.pop(RUN, {})

    def fold_out(schema):
        if isinstance(schema, list):
            return [fold_out(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        made = {key: fold_out(one) for key, one in schema.items() if key != "$ref"}
        return {**json.loads(json.dumps(row)), **made} if "$ref" in schema else made

    return fold_out(known)


def share_rows(known):
    """Let each row of a run have all that is known of one."""
    every = {}
    found = [row for schema in known.values() for row in rows_in(schema)]
    for row in found:
        for key, one in row["properties"].items():
            every[key] = joined(every[key], one) if key in every else one
    for row in found:
        del row["properties"]
        row["$ref"] = "#/$defs/run"
    known[RUN] = {
        "type": "object",
        "properties": json.loads(json.dumps(dict(sorted(every.items())))),
    }


def as_list(types):
    return types if isinstance(types, list) else [types]


def main():
    seen = {}
    for line in Path(sys.argv[1]).read_text().splitlines():
        name, value = json.loads(line)
        seen.setdefault(name, Seen()).add(value)
    known = {} if "--anew" in sys.argv else unfolded(json.loads(FILE.read_text()))
    for name, one in seen.items():
        known[name] = joined(known[name], one.schema()) if name in known else one.schema()
    share_rows(known)
    FILE.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()

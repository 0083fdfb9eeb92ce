"""The pages know the types of the answers, and know them from nowhere else."""

from __future__ import annotations

import re
import runpy

from helpers.sources import ROOT

PAGES = ROOT / "runner/homerun/studio/web/src"
AT_THE_SEAM = {"server/api.ts", "server/live.ts"}
"""Where JSON comes in: each answer is checked in test_contract.py."""

CLAIM = re.compile(r"\b(get|post|lines)<|\bas never\b|\bas \{|\bdata as\b")
"""What tells the compiler of an answer something that the route does not say."""


def test_the_types_of_the_pages_are_those_that_the_answers_make() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "page_types.py"))

    assert made["text"]() == (PAGES / "types.ts").read_text(encoding="utf-8"), "make types"


def test_an_optional_field_and_one_that_may_be_null_are_told_apart() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "page_types.py"))
    text = {"type": "string"}
    row = {"type": "object", "properties": {"a": text, "b-c": text}, "required": ["b-c"]}

    assert made["type_of"](row) == '{ a?: string; "b-c": string }'
    assert made["type_of"]({"anyOf": [text, {"type": "null"}]}) == "string | null"


def test_no_page_says_by_itself_what_an_answer_holds() -> None:
    found = [
        f"{path.relative_to(PAGES)}:{number}"
        for path in sorted([*PAGES.rglob("*.ts"), *PAGES.rglob("*.tsx")])
        if str(path.relative_to(PAGES)) not in AT_THE_SEAM
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if CLAIM.search(line)
    ]
    assert found == []

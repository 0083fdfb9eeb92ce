"""`homerun doctor`."""

from __future__ import annotations


def test_the_doctor_says_what_to_do_and_fails_only_for_what_is_needed(invoke, monkeypatch):
    well = invoke("doctor")
    assert well.code == 0
    assert {row["area"] for row in well.json} == {"python", "kernel", "store", "machine", "tools"}

    monkeypatch.setattr("runstore.fs.mounts.kind", lambda _: "vfat")
    ill = invoke("doctor", "-o", "table")

    assert ill.code == 1
    assert "this is broken: file system\n" in ill.err
    assert "> it has no hard links: put the store elsewhere (HOMERUN_STORE)" in ill.text

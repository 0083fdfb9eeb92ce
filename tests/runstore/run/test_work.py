"""Where the script's folder lies in a run's folder."""

from __future__ import annotations

import pytest

from runstore.run import work


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        *(("/home/ann/digits", "work/digits"), ("/a/über uns", "work/über uns")),
        *(("/", "work/source"), ("/a/b:c", "work/b_c"), ("/a/\udcff\n", "work/?_")),
    ],
)
def test_a_new_runs_folder_has_the_name_of_its_source(source, folder):
    assert work.folder_for(source) == folder
    assert work.folder_of({"work": folder}) == folder


@pytest.mark.parametrize(
    "said", [None, 5, "", "work", "/work/x", "work/", "work/..", "work/.", "work/a/b", "else/x"]
)
def test_an_old_or_damaged_record_means_the_old_folder(said):
    assert work.folder_of({"work": said}) == "work"


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        *(("work/outputs", ("work",)), ("work/digits/outputs", ("work", "digits"))),
        *(("work/outputs/outputs", ("work", "outputs")), ("work/../outputs", None)),
        *(
            ("outputs", None),
            ("work/logs", None),
            ("work/a/b/outputs", None),
            ("/etc/outputs", None),
        ),
    ],
)
def test_a_link_of_a_run_leads_to_the_scripts_folder_or_nowhere(target, parts):
    assert work.top_of(target, "outputs") == parts

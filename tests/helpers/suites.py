"""Which suites are long: whole programs, each call of a protocol, environments that are built."""

LONG = (
    "e2e/",
    "torture/",
    "homerun/assets/test_datasets.py",
    "homerun/assets/test_hostile_names.py",
    "homerun/assets/test_versions.py",
    "homerun/environments/test_builder.py",
    "homerun/environments/test_notebook.py",
    "homerun/supervisor/test_end_is_kept.py",
    "homerun/targets/test_gpus.py",
    "runstore/test_draft.py",
    "runstore/upkeep/test_check.py",
    "runstore/upkeep/test_trash.py",
    "studio/test_hostile.py",
)
"""Below `tests/`: `make test` does without them, `make test-long` plays them, `.ci/run` both."""

"""`homerun run resubmit`: the same again, and only what failed."""

from __future__ import annotations

from pathlib import Path

SHOW = "import sys; print(sys.argv[1:]); raise SystemExit('fail' in sys.argv)"


def submit(cli, *arguments):
    done = cli("run", "submit-script", "-e", "again", "show.py", *arguments)
    row = cli("run", "list", "--last", "1").json[0]
    assert row["status"] in ("Completed", "Failed"), done.err
    return row


def test_a_run_is_submitted_again_and_named(cli, script):
    script("show.py", SHOW, ".")
    first = submit(cli, "--lr", "0.1")

    done = cli("run", "resubmit", "-r", first["run_id"])

    assert done.code == 0
    assert done.json["arguments"] == ["--lr", "0.1"]
    followed = cli("run", "monitor-logs", "-r", done.json["run_id"])
    assert (followed.code, followed.out) == (0, b"['--lr', '0.1']\n")


def test_a_run_is_submitted_again_with_other_limits_and_keeps_the_rest(cli, script):
    script("show.py", SHOW, ".")
    first = submit(cli, "--lr", "0.1")
    again = cli("run", "resubmit", "-r", first["run_id"], "--memory", "2GB", "--nice", "3").json
    once_more = cli("run", "resubmit", "-r", again["run_id"], "--nice", "4").json
    cli("run", "monitor-logs", "-r", once_more["run_id"])

    limits = cli("run", "show", "-r", once_more["run_id"]).json["limits"]

    assert (limits["memory"]["value"], limits["nice"]["value"]) == (2 << 30, 4)
    assert {"cpus", "pids"}.isdisjoint(limits)


def test_without_a_terminal_what_is_hidden_is_named(cli, script):
    script("show.py", SHOW, ".")
    first = submit(cli, "--token", "canary")

    done = cli("run", "resubmit", "-r", first["run_id"])

    assert done.code == 2
    assert "does not hold --token *****" in done.last_line
    assert len(cli("run", "list").json) == 1


def test_on_a_terminal_what_is_hidden_is_asked_for_and_not_shown(cli, script, terminal):
    script("show.py", SHOW, ".")
    first = submit(cli, "--token", "canary")

    shown = terminal("run", "resubmit", "-r", first["run_id"])
    shown.until(b"--token ***** ? ")
    shown.press(b"canary-2\n")

    assert shown.end() == 0
    assert "canary-2" not in shown.text
    row = cli("run", "list", "--last", "1").json[0]
    followed = cli("run", "monitor-logs", "-r", row["run_id"])
    assert followed.out == b"['--token', 'canary-2']\n"
    assert "canary" not in Path(row["directory"], "run.json").read_text()


def test_only_what_failed_is_submitted_again(cli, script):
    script("show.py", SHOW, ".")
    failed = submit(cli, "fail")
    submit(cli, "well")

    done = cli("run", "resubmit", "--failed", "-e", "again")

    assert [row["arguments"] for row in done.json] == [["fail"]]
    assert done.json[0]["properties"]["homerun.resubmitted_from"] == failed["run_id"]
    assert cli("run", "monitor-logs", "-r", done.json[0]["run_id"]).code == 1


def test_it_wants_a_run_or_an_experiment(cli):
    for wrong in ([], ["--failed"], ["-e", "x"]):
        done = cli("run", "resubmit", *wrong)
        assert done.code == 2
        assert "give a run" in done.last_line

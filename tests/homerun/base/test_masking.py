"""Secrets: none of them reaches the record."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.base.masking import arguments
from homerun.base.secret_signs import MASK

HIDDEN = {
    "two words": (["--api-key", "X"], ["--api-key", MASK]),
    "with =": (["--password=X"], [f"--password={MASK}"]),
    "with = and an empty value": (["--token="], [f"--token={MASK}"]),
    "a value with =": (["--secret=a=b"], [f"--secret={MASK}"]),
    "one dash": (["-token", "X"], ["-token", MASK]),
    "underscores": (["--aws_secret_access_key", "X"], ["--aws_secret_access_key", MASK]),
    "a dotted name": (["--wandb.api_key=X"], [f"--wandb.api_key={MASK}"]),
    "capitals": (["--HF-TOKEN", "X"], ["--HF-TOKEN", MASK]),
    "written together": (["--apikey", "X"], ["--apikey", MASK]),
    "a value that begins with a dash": (["--pwd", "-X"], ["--pwd", MASK]),
    "an empty value": (["--pwd", "", "a"], ["--pwd", MASK, "a"]),
    "two secrets": (["--pwd", "X", "--token", "Y"], ["--pwd", MASK, "--token", MASK]),
    "a flag without a value": (["--token", "--lr", "1"], ["--token", "--lr", "1"]),
    "a secret option at the end": (["--lr", "1", "--token"], ["--lr", "1", "--token"]),
    "a variable in front": (["API_KEY=X", "python"], [f"API_KEY={MASK}", "python"]),
    "an override": (["hub.token=X"], [f"hub.token={MASK}"]),
    "several values": (
        ["--secrets", "X", "Y", "--lr", "1"],
        ["--secrets", MASK, MASK, "--lr", "1"],
    ),
    "JSON": (['{"password": "X", "lr": 1}'], [f'{{"password": "{MASK}", "lr": 1}}']),
    "JSON of an option": (['--db={"apiKey": "X"}'], [f'--db={{"apiKey": "{MASK}"}}']),
    "JSON, nested": (['{"a": [{"token": ["X"]}]}'], [f'{{"a": [{{"token": "{MASK}"}}]}}']),
    "a list in JSON": (['["--token", "X"]'], [f'["--token", "{MASK}"]']),
    "a key that is a number's": (['{"key": 5}'], [f'{{"key": "{MASK}"}}']),
    "a Python dict": (["{'password': 'X', 'lr': 1}"], [f"{{'password': \"{MASK}\", 'lr': 1}}"]),
    "half of a JSON object": (['{"password": "X'], [f'{{"password": "{MASK}"']),
    "an override of a dict": (["+hub={token:X,lr:1}"], [f"+hub={{token:{MASK},lr:1}}"]),
    "an address": (["https://u:X@h/a"], [f"https://{MASK}@h/a"]),
    "an address with a token alone": (["--url=https://X@h"], [f"--url=https://{MASK}@h"]),
    "an address in JSON": (['{"url": "git://u:X@h/a"}'], [f'{{"url": "git://{MASK}@h/a"}}']),
    "two addresses": (["a://u:X@h,b://u:Y@i"], [f"a://{MASK}@h,b://{MASK}@i"]),
    "a password with a slash": (["db://u:X/Y@h/a"], [f"db://{MASK}@h/a"]),
    "a password with an at": (["db://u:X@Y@h/a"], [f"db://{MASK}@h/a"]),
    "a parameter": (["https://h/a?lr=1&token=X&b=2"], [f"https://h/a?lr=1&token={MASK}&b=2"]),
    "a signature": (["https://h/a?sv=1&sig=X"], [f"https://h/a?sv=1&sig={MASK}"]),
    "a connection": (["--db=Host=h;AccountKey=X==;A=1"], [f"--db=Host=h;AccountKey={MASK};A=1"]),
    "a connection alone": (["Host=h;Password=X"], [f"Host=h;Password={MASK}"]),
    "a header": (["-H", "Authorization: Bearer X"], ["-H", f"Authorization: {MASK}"]),
    "behind a --": (["--password", "--", "X", "a"], ["--password", "--", MASK, "a"]),
    "a second option of one dash": (["-v", "-token", "X"], ["-v", "-token", MASK]),
    "camel case": (["--dbPass", "X", "--sessionId=Y"], ["--dbPass", MASK, f"--sessionId={MASK}"]),
    "a number behind the word": (["PASSWORD_2=X"], [f"PASSWORD_2={MASK}"]),
    "digits": (["--pin", "1234", "--otp", "7"], ["--pin", MASK, "--otp", MASK]),
    "an assignment in an option": (["-e", "TOKEN=X"], ["-e", f"TOKEN={MASK}"]),
    "an assignment in a value": (["--data=password=X"], [f"--data=password={MASK}"]),
    "libpq": (["host=h password=X  port=1"], [f"host=h password={MASK}  port=1"]),
    "a line in an option": (["--run", "f --token X  -v"], ["--run", f"f --token {MASK}  -v"]),
    "a line in a line": (["sh -c 'f --token X' a"], [f"sh -c 'f --token {MASK}' a"]),
    "a Python program": (["-c", "e['TOKEN'] = 'X'; f()"], ["-c", f"e['TOKEN'] = \"{MASK}\"; f()"]),
    "curl": (["curl", "-u", "ann:X", "-sSfU", "Y"], ["curl", "-u", MASK, "-sSfU", MASK]),
    "curl, together": (
        ["/bin/curl", "-uann:X", "--user=Y"],
        ["/bin/curl", f"-u{MASK}", f"--user={MASK}"],
    ),
    "curl in a line": (["-c", "cd /; curl -u ann:X h"], ["-c", f"cd /; curl -u {MASK} h"]),
    "mysql": (["mysql", "-pX", "-p", "base"], ["mysql", f"-p{MASK}", "-p", "base"]),
    "a short address": (["--db", "ann:X@db.example.org/a"], ["--db", f"{MASK}@db.example.org/a"]),
    "an address of scp": (["ann:X@host:path"], [f"{MASK}@host:path"]),
    "a file's address": (["file://ann:X@h/a"], [f"file://{MASK}@h/a"]),
    "a webhook": (
        ["https://hooks.slack.com/services/T/B/X"],
        [f"https://hooks.slack.com/services/{MASK}"],
    ),
    "a signature alone": (["https://h/a?sig=X"], [f"https://h/a?sig={MASK}"]),
}


@pytest.mark.parametrize(("given", "expected"), HIDDEN.values(), ids=HIDDEN.keys())
def test_the_values_of_secret_looking_options_are_masked(
    given: list[str], expected: list[str]
) -> None:
    assert arguments(given) == expected


WORDS = [
    *("auth", "cookie", "session", "jwt", "otp", "pin", "pat", "sas", "signature", "dsn"),
    *("connection-string", "pass", "webhook", "cred", "db-pass", "sentry_dsn"),
    *("connectionString", "CONN_STR", "auth-header", "session-id", "sas-url", "webhook_url"),
    *("GITHUB_PAT", "basic.auth", "creds", "client-secret2"),
]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_for_a_secret_masks_the_value_behind_it(word: str) -> None:
    assert arguments([f"--{word}", "X", "b"])[1] == MASK
    assert arguments([f"--{word}=X"]) == [f"--{word}={MASK}"]


RANDOM = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6"
TOKENS = [
    *(f"hf_{RANDOM}", f"ghp_{RANDOM}", f"gho_{RANDOM}", f"github_pat_{RANDOM}_{RANDOM}"),
    *(f"glpat-{RANDOM[:20]}", f"xoxb-123-{RANDOM}", f"AIza{RANDOM}", f"ya29.a0-{RANDOM}"),
    *(f"eyJhbGciOi.eyJzdWIiOi.{RANDOM}", f"npm_{RANDOM}", f"pypi-AgEI{RANDOM}"),
    *(f"sk-{RANDOM}", f"sk-proj-{RANDOM}_x", f"sk-ant-api03-{RANDOM}", f"sk_live_{RANDOM}"),
    *("AKIAABCDEFGHIJKLMNOP", f"SG.{RANDOM}.{RANDOM}", f"1234567890:AA{RANDOM}"),
]
BLOCK = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize("token", [*TOKENS, BLOCK], ids=lambda token: token[:12])
def test_a_value_with_the_shape_of_a_token_is_masked(token: str) -> None:
    masked = [MASK, f"--a={MASK}", f"see {MASK}, b"]

    assert arguments([token, f"--a={token}", f"see {token}, b"]) == masked


def test_a_private_key_without_an_end_is_masked_to_the_end() -> None:
    assert arguments(["a -----BEGIN PRIVATE KEY-----\nabc\ndef"]) == [f"a {MASK}"]


PLAIN = [
    [],
    ["--lr", "0.1"],
    ["--tokenizer", "bert"],
    ["--max-tokens", "128"],
    ["--keyboard", "us"],
    ["--monkey=1"],
    ["--", "key", "value"],
    ["key", "value"],
    ["x=1", "--name=a=b"],
    ['{"lr": 1, "tokenizer": "bert"}', "[1,  2]", "{half", "a[0]"],
    ["https://h:80/a@b?lr=1&n=2", "ssh://[::1]:22/x", "ann@host:path", "http://h/@s/p"],
    ["a;b=1", "note: key"],
    ["", " ", "\n", "--text", "", "--text= ", "'", "' '"],
    ["--pin-memory", "true", "--pass-rate", "0.3", "--session-length", "60", "--author", "ann"],
    ["--compass", "north", "--auth", "true", "--session", "20240101", "--pat", "5", "--pass=2"],
    ["--token-dropout", "0.1", "--num-keys", "4", "--sig-figs=3", "--pin", "17", "--token", "none"],
    ["--token-type", "bpe", "--key-file", "/a/b", "--image-key", "jpg", "--session-length=long"],
    ['{"pin_memory": true, "key_dim": 64, "auth": null, "passes": 3}'],
    ["sk-learn", "hf_internal", "python:3.11@sha256:ab", "squad:train@main", "auth: fix it"],
    ["-u", "ann", "curly", "-u", "ann", "if token == 'a': pass", "sk-resnet-50-imagenet-large-v2"],
]


@pytest.mark.parametrize("given", PLAIN, ids=" ".join)
def test_what_only_resembles_a_secret_is_kept(given: list[str]) -> None:
    assert arguments(given) == given


def test_neither_the_store_nor_the_supervisors_command_line_holds_a_secret(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        import os, sys
        from homerun import Run
        canaries = [os.environ["SERVICE"], os.environ["OUTER"], sys.argv[2]]
        canaries.append(sys.argv[3].split("=")[1])
        supervisor = open(f"/proc/{os.getppid()}/cmdline").read()
        supervisor += open(f"/proc/{os.getppid()}/environ").read()
        assert "homerun.supervisor.main" in supervisor
        run = Run.get_context()
        run.log("canaries", len([c for c in canaries if c.startswith("canary")]))
        run.log("seen", len([c for c in canaries if c in supervisor]))
        raise SystemExit(3)
        """,
    )
    secrets = [f"canary{os.urandom(8).hex()}" for _ in range(4)]
    given = ["--api-key", secrets[0], f"--password={secrets[1]}"]
    variables = {"SERVICE": secrets[2]}
    os.environ["OUTER"] = secrets[3]

    run = Experiment(Workspace.from_config(), "secrets").submit(
        ScriptRunConfig("source", "train.py", given, environment_variables=variables)
    )
    del os.environ["OUTER"]
    run.wait_for_completion(raise_on_error=False)

    record = Path(run.directory, "run.json").read_text()
    files = [path for path in Path(".runs").rglob("*") if path.is_file()]
    holders = [p for p in files for secret in secrets if secret.encode() in p.read_bytes()]
    assert run.get_metrics() == {"canaries": 4, "seen": 0}
    assert holders == []
    assert f'"--password={MASK}"' in record
    assert '"environment_variables": ["SERVICE"]' in record


def test_a_secret_in_a_shells_line_stays_out_of_the_store(workspace_dir: Path) -> None:
    secret = f"canary{os.urandom(8).hex()}"
    line = f"API_KEY={secret} true --token {secret} --password='{secret}'"

    run = Experiment(Workspace.from_config(), "secrets").submit(
        ScriptRunConfig(".", command=line, in_place=True)
    )
    run.wait_for_completion()

    files = [path for path in Path(run.directory).rglob("*") if path.is_file()]
    assert [path for path in files if secret.encode() in path.read_bytes()] == []

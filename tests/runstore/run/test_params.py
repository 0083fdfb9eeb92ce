"""Parameters: what arguments say by name, by one rule."""

from __future__ import annotations

import pytest

from runstore.run import params


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("--lr 0.1", {"lr": 0.1}),
        ("--lr=0.1", {"lr": 0.1}),
        ("lr=0.1", {"lr": 0.1}),
        ("-x 3", {"x": 3}),
        ("-lr 1e-3", {"lr": 0.001}),
        ("--shift -0.5 --to -3", {"shift": -0.5, "to": -3}),
        ("--fast", {"fast": True}),
        ("--fast --lr 1", {"fast": True, "lr": 1}),
        ("--no-fast --no_cuda", {"fast": False, "cuda": False}),
        ("--no-fast 1", {"no_fast": 1}),
        ("--use-amp True --cold=FALSE", {"use_amp": True, "cold": False}),
        ("--batch-size 32", {"batch_size": 32}),
        ("model.lr=0.1 +db=mysql ++a.b=1 group/x=y", {"model.lr": 0.1, "db": "mysql", "a.b": 1}),
        ("--multirun model=a", {"multirun": True, "model": "a"}),
        ("--layers 64 32 --drop 0.1", {"layers": [64, 32], "drop": 0.1}),
        ("--layer 64 --layer 32", {"layer": [64, 32]}),
        ("--aug crop --lr 1 --aug flip x=1 x=a", {"aug": ["crop", "flip"], "x": [1, "a"], "lr": 1}),
        ("--fast --fast=false", {"fast": [True, False]}),
        ("--name resnet data.csv 7", {"name": "resnet"}),
        ("data.csv 3 -7 http://a.b/?c=d /x/y=z =1 - --", {}),
        ("--lr 1 -- --lr 2 a=3", {"lr": 1}),
        ("--empty= x=", {"empty": "", "x": ""}),
        ("--api-key *****", {"api_key": "*****"}),
    ],
)
def test_arguments_are_parameters_by_name(arguments: str, found: dict[str, object]) -> None:
    parsed = params.parse(arguments.split())

    assert {key: parsed.get(key) for key in found} == found
    assert list(map(type, (parsed[key] for key in found))) == list(map(type, found.values()))
    assert parsed.keys() - {"group/x"} == found.keys()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-0.0", -0.0),
        ("+5", 5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e5", 100000.0),
        ("123456789012345678", 123456789012345678),
    ],
)
def test_what_reads_as_a_number_is_one(text: str, value: float) -> None:
    found = params.value_of(text)

    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "e", "007", "0x10", "1_000", "inf", "nan", "1e999", "--5", "+-5"),
        *("1234567890123456789", "٣", "1.2.3", "1 2", "None", "yes"),
    ],
)
def test_what_does_not_is_text(text: str) -> None:
    assert params.value_of(text) == text


def test_a_run_of_an_earlier_version_has_those_of_its_arguments() -> None:
    assert params.merged({"arguments": ["--lr", "1"]}, {}) == {"lr": 1}
    assert params.merged({"params": {"lr": 2, "bad": [{}]}, "arguments": ["--lr", "1"]}, {}) == {
        "lr": 2
    }
    assert params.merged({"params": None, "arguments": None}, {}) == {}


def test_what_was_logged_takes_the_place_of_an_argument() -> None:
    assert params.merged({"params": {"lr": 2, "x": 1}}, {"lr": 3}) == {"lr": 3, "x": 1}

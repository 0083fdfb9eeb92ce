"""What `--grid` makes of its values, and what it refuses."""

from __future__ import annotations

from random import Random

import pytest

from homerun.cli.errors import BadValue
from homerun.cli.options import grids


def words_of(*given: str) -> list[list[str]]:
    return [words for _, words in grids.combinations(grids.axes(given))]


def values_of(given: str) -> list[str]:
    return [str(value) for axis in grids.axes((given,)) for value in axis.values]


READ = {
    "texts": ("lr=0.1,0.01", ["0.1", "0.01"]),
    "one text": ("lr=0.1", ["0.1"]),
    "blanks after commas": ("lr=0.1, 0.01", ["0.1", "0.01"]),
    "brackets": ("h=[64,64],[32]", ["[64,64]", "[32]"]),
    "brackets in brackets": ("h=[(1,2),[3]],{a: 1, b: 2}", ["[(1,2),[3]]", "{a: 1, b: 2}"]),
    "double quotes": ('data="a,b",c', ["a,b", "c"]),
    "single quotes": ("data='a,b',c", ["a,b", "c"]),
    "quotes inside of brackets": ('h=["a]",1],2', ['["a]",1]', "2"]),
    "quotes inside of a value": ('w=say "a,b",c', ['say "a,b"', "c"]),
    "an empty text": ('tag="",x', ["", "x"]),
    "whole numbers": ("seed=0..3", ["0", "1", "2", "3"]),
    "whole numbers below 0": ("seed=-1..1,7", ["-1", "0", "1", "7"]),
    "numbers evenly spaced": ("d=0..0.5:6", ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]),
    "whole numbers evenly spaced": ("n=0..100:5", ["0", "25", "50", "75", "100"]),
    "numbers downwards": ("d=1..0:3", ["1", "0.5", "0"]),
    "a range on a logarithmic scale": (
        "lr=log:1e-5..1e-1:5",
        ["1e-05", "0.0001", "0.001", "0.01", "0.1"],
    ),
    "a range in quotes": ("a=\"0..9\",'log:1..2'", ["0..9", "log:1..2"]),
    "a path above": ("data=../a,../b", ["../a", "../b"]),
    "a path with an ascent": ("data=1/../b,HEAD..main", ["1/../b", "HEAD..main"]),
    "an equals sign": ("opt=a=1,b=2", ["a=1", "b=2"]),
}


@pytest.mark.parametrize(("given", "values"), READ.values(), ids=READ.keys())
def test_values_are_read(given: str, values: list[str]) -> None:
    assert values_of(given) == values


def test_a_value_follows_its_key_as_a_word_of_its_own() -> None:
    assert words_of("lr=1,2", "h=[3,4]") == [
        ["--lr", "1", "--h", "[3,4]"],
        ["--lr", "2", "--h", "[3,4]"],
    ]


def test_a_flag_is_there_and_is_not() -> None:
    rows = grids.combinations(grids.axes(("flag:amp", "lr=1")))

    assert rows == [
        ({"amp": "true", "lr": "1"}, ["--amp", "--lr", "1"]),
        ({"amp": "false", "lr": "1"}, ["--lr", "1"]),
    ]


def test_a_pair_is_one_word() -> None:
    rows = grids.combinations(grids.axes(("pair:model.lr=log:0.1..1:2", "pair:+x=[1,2]")))

    assert rows == [
        ({"model.lr": "0.1", "+x": "[1,2]"}, ["model.lr=0.1", "+x=[1,2]"]),
        ({"model.lr": "1", "+x": "[1,2]"}, ["model.lr=1", "+x=[1,2]"]),
    ]


REFUSED = {
    "no values": ("lr", "not a valid KEY=VALUES"),
    "no key": ("=1", "not a valid KEY=VALUES"),
    "a key with a dash": ("--lr=1", "not a valid KEY=VALUES"),
    "a flag with values": ("flag:amp=1", "a flag has no values"),
    "a flag without a name": ("flag:", "not a valid KEY=VALUES"),
    "a pair without values": ("pair:lr", "not a valid KEY=VALUES"),
    "an empty value": ("lr=1,,2", 'write "" for an empty text'),
    "no value": ("lr=", 'write "" for an empty text'),
    "an open bracket": ("h=[1,2", "lacks a ]"),
    "an open quote": ("h='1,2", "lacks a '"),
    "a bracket too many": ("h=1,2]", "has a ']' too many"),
    "brackets that cross": ("h=[(1,2])", "has a ']' too many"),
    "a float range without a count": ("lr=0.1..0.5", "not a valid range"),
    "a range on a logarithmic scale without a count": ("lr=log:1..10", "not a valid range"),
    "a logarithm of a text": ("lr=log:high", "not a valid range"),
    "a logarithm of 0": ("lr=log:0..1:5", "has no logarithm"),
    "a range without an end": ("seed=0..", "not a valid range"),
    "a range without a beginning": ("seed=..9", "not a valid range"),
    "a range of dates": ("day=2024-01-01..2024-01-09", "not a valid range"),
    "an endless range": ("lr=0..1e999:5", "not a valid range"),
    "a range of one": ("lr=0..1:1", "a range has from 2"),
    "a range of parts": ("lr=0..1:0.1", "not a valid range"),
    "a range backwards": ("seed=9..1", "runs backwards"),
    "a range of too many": ("seed=0..10000", "at most 10,000"),
    "numbers that do not differ": ("lr=1..1:3", "do not differ"),
}


@pytest.mark.parametrize(("given", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_refused(given: str, message: str) -> None:
    with pytest.raises(BadValue) as refused:
        grids.combinations(grids.axes((given,)))

    assert message in str(refused.value)


def test_a_grid_of_too_many_runs_is_refused() -> None:
    with pytest.raises(BadValue, match="this grid has 1,000,000 runs; a batch has at most 10,000"):
        grids.combinations(grids.axes(("a=0..999", "b=0..999")))


def test_runs_by_chance_are_of_the_grid_and_no_two_alike() -> None:
    axes = grids.axes(("lr=log:1e-5..1e-1", "depth=2,3", "flag:amp"))

    rows = grids.drawn(axes, 50, Random(1))

    rates = [float(values["lr"]) for values, _ in rows]
    assert len({tuple(values.items()) for values, _ in rows}) == 50
    assert all(1e-5 <= rate <= 1e-1 for rate in rates)
    assert 15 <= sum(rate < 1e-3 for rate in rates) <= 35  # each decade is as likely as any other
    assert {values["depth"] for values, _ in rows} == {"2", "3"}
    assert all(words[:2] == ["--lr", values["lr"]] for values, words in rows)


def test_of_a_small_grid_all_combinations_are_run() -> None:
    axes = grids.axes(("lr=1,2", "seed=0..2"))

    assert grids.drawn(axes, 99, Random(1)) == grids.combinations(axes)
    assert len(grids.drawn(axes, 5, Random(1))) == 5


def test_more_runs_than_a_range_can_give_are_refused() -> None:
    with pytest.raises(BadValue, match="no 10 different runs"):
        grids.drawn(grids.axes(("lr=1..1.000001",)), 10, Random(1))

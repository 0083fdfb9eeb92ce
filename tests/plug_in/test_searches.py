"""MLflow's searches of runs answer as a plain loop over all runs does, and read few of them."""

from __future__ import annotations

import json
from collections.abc import Callable

MADE = """
import json, math, random
import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.utils.search_utils import SearchUtils
from homerun.mlflow import entities

chance = random.Random(17)
mlflow.set_tracking_uri("homerun://")
client = MlflowClient()
store = client._tracking_client.store
made = client.create_experiment("many")
other = client.create_experiment("other")
TEXTS = ["0.1", "0.10", "1e-05", "1", "1.0", "True", "true", "[64, 32]", "none", "adam", "nan"]
TEXTS.append("a b")
VALUES = [math.nan, math.inf, 0.5]

def make(number, where):
    run = client.create_run(where, run_name=f"run {number}")
    run_id = run.info.run_id
    steps = range(chance.randrange(4))
    points = [
        Metric("loss", chance.choice([chance.random(), *VALUES]), 1000 + at, step)
        for at, step in enumerate(sorted(steps, key=lambda _: chance.random()))
    ]
    points += [Metric('odd name.min', number / 7, 5, 0)] if number % 3 else []
    params = [Param("lr", chance.choice(TEXTS))] if number % 5 else []
    tags = [RunTag("kind", chance.choice([*TEXTS, ""]))] if number % 4 else []
    client.log_batch(run_id, points, params, tags)
    end = chance.choice(["FINISHED", "FAILED", "KILLED", None])
    if end:
        client.set_terminated(run_id, end)
    return run_id

def all_in(where):
    return [entities.run_entity(one) for name in where for one in store._store.runs(name)]

def every(where, wanted=None, order=None, read=None):
    found = SearchUtils.sort(SearchUtils.filter(read or all_in(where), wanted), order)
    return [one.info.run_id for one in found]

def paged(where, wanted=None, order=None, most=13):
    token, found = None, []
    while True:
        asked = {"max_results": most, "order_by": order, "page_token": token}
        page = client.search_runs(where, wanted or "", **asked)
        found += [one.info.run_id for one in page]
        token = page.token
        if not token:
            return found
"""

SAME = (
    MADE
    + """
for number in range(66):
    make(number, other if number % 6 == 0 else made)

FILTERS = [
    None, "metrics.loss < 0.5", "metrics.loss <= 0.5 and metrics.loss > 0.1",
    "metrics.loss = 0.5", "metrics.loss != 0.5", "metrics.`odd name.min` >= 3",
    "tags.kind != 'adam'", "tags.kind = ''", "tags.kind LIKE 'a%'",
    "status = 'FINISHED'", "status != 'FAILED'", "status = 'RUNNING'", "status = 'odd'",
    "tags.`mlflow.runName` = 'run 7'", "attributes.run_name LIKE 'run 1%'",
    *(f"params.lr = '{text}'" for text in TEXTS), *(f"tags.kind = '{text}'" for text in TEXTS),
]
ORDERS = [
    None, ["start_time ASC"], ["metrics.loss"], ["metrics.loss DESC", "params.lr ASC"],
    ["attributes.start_time DESC"], ["metrics.`odd name.min` DESC"], ["metrics.loss DESC"],
    ["params.lr", "metrics.loss DESC"], ["status", "start_time ASC"],
]
differ = []
for where in ([made], [made, other]):
    read = all_in(where)
    for at, wanted in enumerate(FILTERS):
        for order in ORDERS if wanted is None else [ORDERS[at % 9], ORDERS[2 + at % 2]]:
            if paged(where, wanted, order) != every(where, wanted, order, read):
                differ.append([where, wanted, order])
print(json.dumps(differ))
"""
)

FEW = (
    MADE
    + """
for number in range(400):
    run = client.create_run(made)
    client.log_metric(run.info.run_id, "loss", 1 / (number + 1), step=0)
    client.log_metric(run.info.run_id, "loss", 1 / (number + 2), step=1)
    if number % 40 == 0:
        client.set_tag(run.info.run_id, "kind", "rare")
    client.set_terminated(run.info.run_id)

read = [0]
real = entities.run_entity
def counted(*given, **more):
    read[0] += 1
    return real(*given, **more)
entities.run_entity = counted

def cost(**asked):
    read[0] = 0
    found = client.search_runs([made], **asked)
    return len(found), read[0]

print(json.dumps({
    "newest": cost(max_results=5),
    "best": cost(max_results=5, order_by=["metrics.loss DESC"]),
    "least": cost(max_results=5, order_by=["metrics.loss ASC"]),
    "rare": cost(max_results=100, filter_string="tags.kind = 'rare'"),
    "good": cost(max_results=100, filter_string="metrics.loss > 0.1"),
}))
"""
)

BETWEEN = (
    MADE
    + """
for number in range(30):
    make(number, made)
told = {}
for order in (None, ["start_time ASC"], ["metrics.loss"], ["params.lr"]):
    before = every([made], None, order)
    page = client.search_runs([made], max_results=10, order_by=order)
    found = [one.info.run_id for one in page]
    for number in range(15):
        make(100 + number, made)
    while page.token:
        page = client.search_runs([made], max_results=10, order_by=order, page_token=page.token)
        found += [one.info.run_id for one in page]
    old = [one for one in found if one in before]
    told[str(order)] = [old == before, len(found) == len(set(found))]
page = client.search_runs([made], max_results=10)
gone = page[-1].info.run_id
before = every([made])
client.set_terminated(gone)
client.delete_run(gone)
rest = client.search_runs([made], max_results=1000, page_token=page.token)
told["deleted"] = [[one.info.run_id for one in rest] == before[11:]]
try:
    client.search_runs([made], max_results=10, page_token="bm9uZQ==")
except mlflow.exceptions.MlflowException as error:
    told["token"] = [error.error_code == "INVALID_PARAMETER_VALUE"]
print(json.dumps(told))
"""
)

REMOVED = (
    MADE
    + """
import shutil
from homerun.mlflow import history, questions
from runstore.index.query import THERE

def made_with(*metrics):
    run_id = client.create_run(made).info.run_id
    for name in metrics:
        client.log_metric(run_id, name, 0.5, step=0)
    return store._store.find(run_id)

ways = [each(is_rising) for is_rising in (True, False)
        for each in (questions.ByStart, lambda rising: questions.ByMetric("loss", rising))]
here, without, gone = made_with("loss"), made_with("other"), made_with("loss")
behind = entities.run_entity(here)
told = {"without": [way.ends(behind, without) for way in ways[1::2]]}
shutil.rmtree(gone.path)
told["gone"] = [way.ends(behind, gone) for way in ways]
def unreadable(*given, **more):
    raise PermissionError(13, "not yours")
entities.run_entity = history.reach = unreadable
told["unreadable"] = [way.ends(behind, here) for way in ways]
there = {"type": "metric", "key": "loss", "comparator": "IS NOT NULL", "value": None}
told["there"] = [part.operator == THERE for part in questions._conditions(there)]
print(json.dumps(told))
"""
)


def test_a_search_answers_as_a_plain_loop_does(by_hand: Callable[..., str]) -> None:
    assert json.loads(by_hand(SAME).splitlines()[-1]) == []


def test_a_search_reads_the_runs_that_can_be_on_its_page(by_hand: Callable[..., str]) -> None:
    found = json.loads(by_hand(FEW).splitlines()[-1])

    assert {name: count for name, (count, _) in found.items()} == {
        "newest": 5,
        "best": 5,
        "least": 5,
        "rare": 10,
        "good": 8,
    }
    assert max(read for _, read in found.values()) < 120


def test_pages_go_on_where_they_were_whatever_was_made_meanwhile(
    by_hand: Callable[..., str],
) -> None:
    told = json.loads(by_hand(BETWEEN).splitlines()[-1])

    assert all(all(one) for one in told.values()), told


def test_a_run_that_was_removed_just_now_ends_no_search(by_hand: Callable[..., str]) -> None:
    told = json.loads(by_hand(REMOVED).splitlines()[-1])

    assert told == {
        "without": [True, True],
        "gone": [False] * 4,
        "unreadable": [False] * 4,
        "there": [True],
    }

"""Every page of Studio, with something on it."""

from __future__ import annotations

from studio.browser.lab import Store


def places(store: Store) -> dict[str, str]:
    """What stands behind the `#`, by a name for each."""
    good, bad = store.run("digits", 2).id, store.run("digits", 7).id
    parent = store.run("prepare-data", 1).id
    chosen = ",".join(store.run("digits", number).id for number in (1, 2, 3, 4))
    columns = "status,created,duration_s,metrics.loss,metrics.accuracy.max,params.lr,user,tags"
    return {
        "home": "/home",
        "experiments": "/experiments",
        "runs": f"/runs?experiment=digits&columns={columns}",
        "split": f"/runs?experiment=digits&show=split&base={good}",
        "charts": "/runs?experiment=digits&show=charts&group=tags.quality&smooth=ema:0.6",
        "groups": "/runs?group=tags.quality",
        "grouped-charts": "/runs?experiment=digits&group=tags.quality&show=split",
        "nothing": "/runs?where=tags.quality+%3D+none",
        "run": f"/run/{good}",
        "failed": f"/run/{bad}",
        "metrics": f"/run/{good}/metrics",
        "media": f"/run/{good}/media",
        "logs": f"/run/{good}/logs",
        "outputs": f"/run/{good}/outputs",
        "children": f"/run/{parent}/children",
        "code": f"/run/{good}/code",
        "system": f"/run/{good}/system",
        "record": f"/run/{good}/record",
        "compare": f"/compare?ids={chosen}",
        "coloured": f"/compare?ids={chosen}&colour=params.lr",
        "differences": f"/compare?ids={chosen}&tab=differences",
        "compare-code": f"/compare?ids={chosen}&tab=code",
        "parallel": f"/compare?ids={chosen}&tab=parallel",
        "scatter": f"/compare?ids={chosen}&tab=scatter&front=1&colour=params.seed",
        "bars": f"/compare?ids={chosen}&tab=bars",
        "compare-media": f"/compare?ids={chosen}&tab=media&beside=2",
        "compare-tables": f"/compare?ids={chosen}&tab=tables",
        "boxes": f"/compare?ids={chosen}&tab=bars&box=1&by=tags.quality",
        "models": "/models",
        "model": "/model/digits-net",
        "submit": f"/submit?run={good}",
        "targets": "/targets",
        "trash": "/trash",
    }

"""Metric names are a contract."""

import json

from django.conf import settings
from prometheus_client.metrics import MetricWrapperBase

from todo_app.common import metrics
from todo_app.outbox import metrics as relay_metrics


def test_the_document_names_exactly_the_metrics_that_exist() -> None:
    found = {
        (
            metric._type,
            tuple(metric._labelnames),
            metric._documentation,
            f"{metric._name}_total" if metric._type == "counter" else metric._name,
        )
        for metric in (*vars(metrics).values(), *vars(relay_metrics).values())
        if isinstance(metric, MetricWrapperBase)
    }
    document = json.loads((settings.BASE_DIR.parent / "contracts" / "metrics.json").read_text(encoding="utf-8"))

    assert {(m["type"], tuple(m["labels"]), m["help"], m["name"]) for m in document["metrics"]} == found

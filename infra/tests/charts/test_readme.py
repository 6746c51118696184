"""The chart's README is what its values say."""

import pytest

from infra.lib.errors import SlipwayError
from infra.settings.chart_readme import readme, values
from infra.tests.charts.helm import CHART


def test_the_readme_is_up_to_date() -> None:
    assert (CHART / "README.md").read_text(encoding="utf-8") == readme(), "run python -m infra.settings.chart_readme"


def test_a_value_without_meaning_is_refused_by_name() -> None:
    with pytest.raises(SlipwayError, match=r"web\.replicas"):
        values("web:\n  # -- Processes.\n  workers: 2\n  replicas: 1\n")

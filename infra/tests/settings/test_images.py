"""Image references: given by name, completed by the catalog's digests, never a moving tag."""

import json

import pytest

from infra.settings import images
from infra.settings.data import DataSettings
from infra.tests.settings.test_load import loaded, refused

DIGEST = "sha256:" + "0" * 64
GIVEN = {"postgresql": "slipway.local/postgresql:1", "secrets-init": "slipway.local/secrets-init:1"}


def test_an_image_without_reference_is_asked_for_with_the_command() -> None:
    error = refused(DataSettings, config={"images": json.dumps(GIVEN)})

    assert "no reference for redis" in error.details[0]
    assert "pulumi config set --path images.redis <registry>/redis@sha256:<digest>" in error.details[0]


def test_the_catalog_fills_in_what_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "catalog", lambda: {"redis": f"docker.io/library/redis:7@{DIGEST}"})
    settings = loaded(DataSettings, config={"images": json.dumps({**GIVEN, "redis": ""})})

    assert settings.images["redis"] == f"docker.io/library/redis:7@{DIGEST}"
    assert settings.images["postgresql"] == GIVEN["postgresql"]


def test_only_a_digest_of_the_catalog_counts() -> None:
    assert images.catalog()["todo-app"] == ""
    assert all(not reference or "@sha256:" in reference for reference in images.catalog().values())


def test_images_of_other_stacks_are_left_out_and_unknown_ones_refused() -> None:
    everything = {**GIVEN, "redis": "slipway.local/redis:1", "todo-app": "slipway.local/todo-app:1"}

    assert "todo-app" not in loaded(DataSettings, config={"images": json.dumps(everything)}).images
    error = refused(DataSettings, config={"images": json.dumps({**everything, "redys": "slipway.local/redis:1"})})
    assert "redys: no such image" in error.details[0]


@pytest.mark.parametrize("reference", ["redis", "redis@sha256:12", "Redis:1", "redis:1 "])
def test_an_unpinned_or_malformed_reference_is_refused(reference: str) -> None:
    error = refused(DataSettings, config={"images": json.dumps({**GIVEN, "redis": reference})})

    assert "slipway-data:images.redis" in error.details[0]

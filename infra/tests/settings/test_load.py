"""Wrong settings: all at once, with where they come from and what would be right."""

import json
from collections.abc import Mapping
from typing import TypeVar

import pulumi
import pytest

from infra.lib.errors import Exit
from infra.settings.base import StackSettings
from infra.settings.data import DataSettings
from infra.settings.delivery import DeliverySettings
from infra.settings.foundation import FoundationSettings
from infra.settings.load import SettingsError, load
from infra.tests.stacks.recording import record
from infra.tests.stacks.whole import IMAGES, config_of

Settings = TypeVar("Settings", bound=StackSettings)


def loaded(model: type[Settings], *, env: str = "local", config: Mapping[str, str]) -> Settings:
    """What a program of this stack would get."""
    found: list[Settings] = []
    project = f"slipway-{model.__name__.removesuffix('Settings').lower()}"
    record(lambda: found.append(load(model)), project=project, stack=env, config=config)
    return found[0]


def refused(model: type[StackSettings], *, env: str = "local", config: Mapping[str, str]) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        loaded(model, env=env, config=config)
    return caught.value


def test_values_get_the_types_of_the_model() -> None:
    settings = loaded(DeliverySettings, config=config_of("delivery", "production"), env="production")

    assert settings.web_replicas == 3
    assert settings.web_drain is True
    assert settings.allowed_hosts == ("todo.example.com",)
    assert settings.images["todo-app"] == IMAGES["todo-app"]


def test_a_number_for_a_text_stays_text() -> None:
    assert loaded(FoundationSettings, config={"quota_cpu": "8"}).quota_cpu == "8"


def test_settings_cannot_be_changed_later() -> None:
    settings = loaded(FoundationSettings, config={})

    with pytest.raises(ValueError, match="frozen"):
        settings.owner = "somebody"  # type: ignore[misc] # the point of the test


def test_every_wrong_key_is_reported_at_once() -> None:
    error = refused(FoundationSettings, config={"quota_podz": "30", "quota_pods": "many", "redis_volume": "1GB"})

    assert error.code is Exit.BAD_INPUT
    assert error.message == "3 wrong settings of slipway-foundation, stack local:"
    lines = {line.split(": ")[1].split(" =")[0]: line for line in error.details}
    assert set(lines) == {
        "slipway-foundation:quota_podz",
        "slipway-foundation:quota_pods",
        "slipway-foundation:redis_volume",
    }
    assert "no such setting; did you mean quota_pods?" in lines["slipway-foundation:quota_podz"]
    assert "= many: Input should be a valid integer" in lines["slipway-foundation:quota_pods"]
    assert "Size of Redis's volume" in lines["slipway-foundation:redis_volume"]


def test_the_source_of_a_value_is_named() -> None:
    from_file = refused(
        FoundationSettings, env="production", config={**config_of("foundation", "production"), "volume_root": "/x"}
    )
    given = refused(FoundationSettings, config={"quota_pods": "1"})

    assert "volume_root and storage_class are both set" in from_file.details[0]
    assert given.details[0].startswith("given by the caller: slipway-foundation:quota_pods = 1:")


def test_a_value_of_the_stack_file_is_traced_to_it() -> None:
    error = refused(
        DeliverySettings,
        env="dev",
        config={**config_of("delivery", "dev"), "web_replicas_max": "1", "demo_user": "perhaps"},
    )

    assert error.details[0].startswith("given by the caller: slipway-delivery:demo_user = perhaps")


def test_an_unknown_profile_says_which_there_are() -> None:
    error = refused(FoundationSettings, config={"profile": "huge"})

    assert "slipway-foundation:profile = huge: " in error.details[0]
    assert error.details[0].endswith("available: mini, standard, full)")


def test_an_unknown_environment_is_refused_by_name() -> None:
    error = refused(FoundationSettings, env="prod", config={})

    assert error.message == "'prod' is no environment; available: local, dev, staging, production"


def test_the_official_engine_prints_it_without_a_traceback() -> None:
    error = refused(FoundationSettings, config={"quota_pods": "many", "owner": "NO"})

    assert isinstance(error, pulumi.RunError)
    assert str(error).count("\n") == 2


def test_nothing_is_declared_when_a_setting_is_wrong() -> None:
    declared = []

    def program() -> None:
        load(FoundationSettings)
        declared.append("a resource")

    with pytest.raises(SettingsError):
        record(program, project="slipway-foundation", config={"quota_pods": "many"})
    assert declared == []


@pytest.mark.parametrize(
    ("model", "env", "config", "message"),
    [
        (FoundationSettings, "local", {"volume_root": "/v", "storage_class": "fast"}, "set one of them"),
        (FoundationSettings, "production", {"volume_root": "/v"}, "production wants a storage_class"),
        (DeliverySettings, "production", {"demo_user": "true", "public_url": "https://x"}, "no demo user"),
        (DeliverySettings, "production", {}, "production wants https"),
        (DeliverySettings, "local", {"web_replicas": "3"}, "web_replicas_max=1 is below web_replicas=3"),
        (DeliverySettings, "local", {"allowed_hosts": '["http://x/"]'}, "Host headers the app answers"),
        (DeliverySettings, "local", {"ban_threshold": "0"}, "greater than or equal to 1"),
        (DataSettings, "production", {"demo_user": "true"}, "no demo user"),
        (DataSettings, "local", {"postgresql_memory": "16"}, "greater than or equal to 96"),
        (DataSettings, "local", {"images": "postgresql"}, "should be a valid"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    model: type[StackSettings], env: str, config: dict[str, str], message: str
) -> None:
    images = {} if model is FoundationSettings else {"images": json.dumps(IMAGES)}

    assert message in "\n".join(refused(model, env=env, config={**images, **config}).details)

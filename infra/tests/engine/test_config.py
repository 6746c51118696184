"""Bad settings are all named at once, before anything runs."""

import pytest

from infra.engine.api import StackRef
from infra.engine.direct.config import load
from infra.engine.direct.engine import DirectEngine
from infra.lib.errors import Exit, SlipwayError
from infra.tests.engine.conftest import MakeStack

DECLARED: dict[str, object] = {
    "replicas": {"type": "integer", "default": 2},
    "domain": {"type": "string"},
    "open": {"type": "boolean", "default": False},
    "hosts": {"type": "array", "items": {"type": "string"}, "default": []},
    "images": {"type": "object", "default": {}},
}


class TestLoad:
    def test_gives_defaults_then_the_environments_values_then_overrides(self, make_stack: MakeStack) -> None:
        stack = make_stack("", config=DECLARED, values={"domain": "a.example", "test-sample:hosts": ["x"]})

        config = load(stack, {"images": {"b": "2", "a": "1"}, "domain": "b.example"})

        assert config == {
            "test-sample:replicas": "2",
            "test-sample:domain": "b.example",
            "test-sample:open": "false",
            "test-sample:hosts": '["x"]',
            "test-sample:images": '{"a": "1", "b": "2"}',
        }

    def test_names_every_bad_key_at_once_with_its_file_and_the_nearest_key(self, make_stack: MakeStack) -> None:
        values: dict[str, object] = {"replica": 3, "open": "maybe", "hosts": [1], "replicas": True, "domain": 1.2}
        stack = make_stack("", config={**DECLARED, "region": {"type": "string"}}, values=values)

        error = _refused(stack, {"imagse": {}})

        text = "\n".join(error.details)
        assert len(error.details) == 7
        assert f"{stack.directory / 'Pulumi.local.yaml'}: replica: no such key; did you mean replicas?" in text
        assert "the override: imagse: no such key; did you mean images?" in text
        assert "open: 'maybe' is no boolean" in text
        assert "hosts: item 1 is no string; write it in quotes" in text
        assert "replicas: True is no integer" in text
        assert "domain: 1.2 is no string; write it in quotes" in text
        assert "region: has no default and Pulumi.local.yaml does not set it" in text

    def test_takes_numbers_and_truth_spelt_as_text_as_the_cli_writes_them(self, make_stack: MakeStack) -> None:
        stack = make_stack("", config=DECLARED, values={"domain": "d", "replicas": "4", "open": "true"})

        config = load(stack, {})

        assert (config["test-sample:replicas"], config["test-sample:open"]) == ("4", "true")

    def test_refuses_a_secret_value(self, make_stack: MakeStack) -> None:
        stack = make_stack("", config=DECLARED, values={"domain": {"secure": "AAAB"}})

        assert "no secret value enters a program" in _refused(stack, {}).details[0]

    def test_refuses_an_unknown_environment(self, make_stack: MakeStack) -> None:
        stack = make_stack("", environment="prod")

        assert "available: local, dev, staging, production" in _refused(stack, {}).message


def test_a_wrong_setting_stops_the_engine_before_the_program(
    offline: DirectEngine, make_stack: MakeStack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    witness = tmp_path_factory.mktemp("witness") / "ran"
    stack = make_stack(f"open({str(witness)!r}, 'w').close()", values={"nonsense": 1})

    with pytest.raises(SlipwayError) as caught:
        offline.render(stack, witness.parent)

    assert caught.value.code is Exit.BAD_INPUT
    assert not witness.exists()


def test_the_programs_own_model_names_every_bad_key(offline: DirectEngine, make_stack: MakeStack) -> None:
    program = """
        from pydantic import BaseModel, Field
        class Settings(BaseModel):
            replicas: int = Field(ge=1)
            domain: str = Field(pattern="^[a-z.]+$")
        Settings(replicas=0, domain="A B")
    """
    with pytest.raises(SlipwayError) as caught:
        offline.render(make_stack(program), make_stack(program).directory)

    assert caught.value.code is Exit.BAD_INPUT
    assert [line.split(":")[0] for line in caught.value.details] == ["replicas", "domain"]


def _refused(stack: StackRef, overrides: dict[str, object]) -> SlipwayError:
    with pytest.raises(SlipwayError) as caught:
        load(stack, overrides)
    assert caught.value.code is Exit.BAD_INPUT
    return caught.value

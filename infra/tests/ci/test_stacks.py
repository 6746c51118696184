"""What the rendering of smaller profiles is told by the policies."""

from pathlib import Path

import yaml

from ci import stacks
from infra.verify.policies import corpus


def test_an_object_that_a_policy_refuses_is_named_with_it(tmp_path: Path) -> None:
    item = corpus.innocent("Deployment")
    file = tmp_path / "deployment.yaml"
    file.write_text(yaml.safe_dump(item))

    assert stacks.refusals(tmp_path) == []
    del item["spec"]["template"]["spec"]["containers"][0]["resources"]
    file.write_text(yaml.safe_dump(item))
    assert stacks.refusals(tmp_path) == ["resource-bounds: Deployment todo/innocent"]

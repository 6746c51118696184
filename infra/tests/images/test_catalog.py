"""The catalog: what is wrong with it is told all at once, and the real one is right."""

from pathlib import Path

import pytest

from infra.images import catalog
from infra.lib.errors import Exit, SlipwayError

GOOD = """
edition = "1"
source_date_epoch = 1
debian = "bookworm"
[images.base]
summary = "a base"
licenses = "MIT"
base = "scratch"
user = "0:0"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "catalog.toml"
    file.write_text(text, encoding="utf-8")
    return file


def details_of(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(SlipwayError) as refused:
        catalog.load(written(folder, text))
    assert refused.value.code is Exit.BAD_INPUT
    return refused.value.details


def test_real_catalog_names_the_images_a_cluster_runs() -> None:
    listed = catalog.load()
    platform = {"gatekeeper", "istiod", "istio-proxy", "istio-cni", "gateway-certificate", "vault", "vault-bootstrap"}
    ours = {"pause", "coredns", "postgresql", "redis", "secrets-init", "todo-app"}
    assert set(listed.deliverable) == ours | platform
    # It changes the node's folders.
    assert [name for name in listed.deliverable if listed.images[name].user.startswith("0:")] == ["istio-cni"]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('user = "0:0"', 'user = "root"\ncolour = "red"') + "[images.other]\nbase = 1\n"
    told = "\n".join(details_of(tmp_path, text))
    for place in ("images.base.user", "images.base.colour", "images.other.summary", "images.other.base"):
        assert place in told


def test_unknown_base_and_circles_are_refused(tmp_path: Path) -> None:
    assert "there is no image 'mising'" in details_of(tmp_path, GOOD.replace('"scratch"', '"mising"'))[0]
    assert "leads back to itself" in details_of(tmp_path, GOOD.replace('"scratch"', '"base"'))[0]


@pytest.mark.parametrize(
    "lines", ["", 'digest_unknown = "why"\ndigest = "sha256:' + "0" * 64 + '"', 'digest = "sha256:12"']
)
def test_upstream_wants_a_whole_digest_or_the_reason_for_none(tmp_path: Path, lines: str) -> None:
    text = f'{GOOD}[images.base.upstream]\nreference = "docker.io/library/x:1"\n{lines}\n'
    assert any("images.base.upstream" in line for line in details_of(tmp_path, text))


def test_paths_out_of_the_repository_are_refused(tmp_path: Path) -> None:
    text = GOOD + 'context = ["app/../../secret"]\n'
    assert "leaves the repository" in details_of(tmp_path, text)[0]


def test_broken_toml_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="is no TOML"):
        catalog.load(written(tmp_path, "edition = "))

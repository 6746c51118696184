"""Programs of the machine and the built node program."""

from pathlib import Path

from infra.lib import process
from infra.slipway.doctor import tools


def test_missing_packages_are_told_together_with_one_command() -> None:
    text = "# list\nup a-package no-such-program-x\nup b-package /no/such/file\ntest c-package no-such-program-y\n"

    (finding,) = tools.packages(text)

    assert finding.level == "fail"
    assert finding.remedy.endswith("a-package b-package")
    assert "c-package" not in finding.message


def test_what_is_there_is_fine(tmp_path: Path) -> None:
    (finding,) = tools.packages(f"up a sh\nup b {tmp_path}\nup c module:json\n")

    assert finding.level == "ok"


def test_the_real_list_is_readable() -> None:
    assert len(tools.packages(tools.LIST.read_text())) == 1


def test_a_node_program_that_is_not_built_costs_time_only(tmp_path: Path) -> None:
    (finding,) = tools.node(tmp_path / "node")

    assert (finding.level, finding.remedy) == ("warn", "make tools")


def test_a_built_one_is_fine(tmp_path: Path) -> None:
    process.run(["touch", tmp_path / "node"], log=tmp_path / "log", deadline=10)

    (finding,) = tools.node(tmp_path / "node")

    assert finding.level == "ok"

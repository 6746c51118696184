"""Documents name only files, headings and make targets that exist."""

import re
from pathlib import Path

from infra.lib.paths import REPOSITORY

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
TARGET = re.compile(r"`(?:[A-Z_]+=\S+ )*make ((?:[a-z][a-z0-9-]*)?)(?:[ `])")
PATH = re.compile(r"`((?:app|infra|charts|load|docs|ci|contracts)/[\w./-]+)`")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\s*(?:\$ )?(?:sudo )?make ([a-z][a-z0-9-]*)", re.MULTILINE)


def documents() -> list[Path]:
    top = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md")]
    return [*(path for path in top if path.is_file()), *sorted((REPOSITORY / "docs").rglob("*.md"))]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z0-9-]*):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


def anchors(text: str) -> set[str]:
    """The names GitLab and GitHub give to headings."""
    headings = re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken(document: Path, text: str) -> list[str]:
    """Links and paths of `text` that lead nowhere, seen from `document`."""
    found = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (document.parent / place).resolve() if place else document
        if not target.exists():
            found.append(f"link to {link}")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text() if place else text):
            found.append(f"link to the missing heading {link}")
    found += [f"path {path}" for path in PATH.findall(text) if not (REPOSITORY / path.rstrip("/")).exists()]
    return found


def unknown_targets(text: str) -> list[str]:
    named = {target for target in TARGET.findall(text) if target}
    for _, block in FENCE.findall(text):
        named |= set(COMMAND.findall(block))
    return sorted(named - make_targets())


def test_no_document_leads_nowhere() -> None:
    found = [
        f"{document.relative_to(REPOSITORY)}: {problem}"
        for document in documents()
        for problem in broken(document, document.read_text(encoding="utf-8"))
    ]

    assert "\n".join(found) == ""


def test_every_make_target_in_a_document_exists() -> None:
    found = [
        f"{document.relative_to(REPOSITORY)}: make {target}"
        for document in documents()
        for target in unknown_targets(document.read_text(encoding="utf-8"))
    ]

    assert "\n".join(found) == ""


def test_a_broken_link_path_heading_and_target_are_found(tmp_path: Path) -> None:
    text = "# One\n[a](missing.md) [b](#two) [c](#one) `infra/nothing.py` `make nonsense` `make up`\n"
    document = tmp_path / "page.md"
    document.write_text(text)

    assert broken(document, text) == [
        "link to missing.md", "link to the missing heading #two", "path infra/nothing.py"
    ]  # fmt: skip
    assert unknown_targets(text) == ["nonsense"]


def test_a_target_in_a_block_of_commands_is_checked() -> None:
    assert unknown_targets("```sh\n$ make nonsense\nmake up\n```\n") == ["nonsense"]

"""docs/django.md shows the code that the tests beside this one run."""

import re
import textwrap
from pathlib import Path

from django.conf import settings

DOCUMENT = settings.BASE_DIR.parent / "docs" / "django.md"
EXAMPLE = re.compile(r" +# example: (?P<name>\w+)\n(?P<code>.*?)\n +# end$", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"<!-- (?P<file>test_django_\w+\.py): (?P<name>\w+) -->\n```python\n(?P<code>.*?)\n```", re.DOTALL)
FOLDER = Path(__file__).parent


def examples() -> dict[tuple[str, str], str]:
    """The examples of the tests by file and name."""
    return {
        (path.name, found["name"]): textwrap.dedent(found["code"])
        for path in FOLDER.glob("test_django_*.py")
        if path.name != Path(__file__).name
        for found in EXAMPLE.finditer(path.read_text(encoding="utf-8"))
    }


def test_the_document_shows_every_example_as_it_is_run() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    shown = {(found["file"], found["name"]): found["code"] for found in SHOWN.finditer(text)}

    assert len(shown) == len(examples()) == 8
    assert shown == examples()
    assert text.count("```python") == len(shown)

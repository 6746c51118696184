"""WCAG AA by computation: every pair of colours that the style sheet puts on one another, in both schemes."""

import re
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "todo_app/common/static/site"
TOKENS = (SITE / "tokens.css").read_text(encoding="utf-8")
TEXT, CONTROL = 4.5, 3.0
GROUNDS = ("page", "card")
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "soft", "accent", "danger") for ground in GROUNDS),
    *(
        (f"on-{name}", name, TEXT)
        for name in ("accent", "danger", "accent-soft", "danger-soft", "good-soft", "warn-soft")
    ),
    *((f"on-{name}", f"{name}-strong", TEXT) for name in ("accent", "danger")),
    *((f"on-{name}", name, TEXT) for name in ("mark", "tag", "toast")),
    *(
        ("toast-accent", "toast", TEXT),
        ("ink", "tag", TEXT),
        ("danger", "tag", TEXT),
        ("accent", "accent-soft", CONTROL),
    ),
    *((line, ground, CONTROL) for line in ("control", "accent", "danger") for ground in GROUNDS),
]


def scheme(name: str) -> dict[str, str]:
    """Colour tokens of a scheme; dark ones replace light ones."""
    light, dark = TOKENS.split("@media (prefers-color-scheme: dark)")
    colour = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
    return dict(colour.findall(light)) | (dict(colour.findall(dark)) if name == "dark" else {})


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's ratio, 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_ratio_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "wanted"), PAIRS)
def test_a_pair_of_colours_can_be_read(name: str, ink: str, ground: str, wanted: float) -> None:
    colours = scheme(name)

    assert contrast(colours[ink], colours[ground]) >= wanted


def test_each_colour_is_in_a_pair_and_none_is_written_elsewhere() -> None:
    used = {name for ink, ground, _ in PAIRS for name in (ink, ground)}

    assert set(scheme("light")) == set(scheme("dark")) == used | {"line"}, "lines between cards carry no meaning"
    assert not re.search(r"#[0-9a-f]{3,8}\b(?=[^{}]*;)|rgb\(", (SITE / "app.css").read_text(encoding="utf-8"))

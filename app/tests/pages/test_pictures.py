"""The pictures of README: `PICTURES=../docs/pictures` writes them anew, alone in a fresh database."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.pages.data import fill
from tests.pages.live import Desk

pytestmark = pytest.mark.integration
BYTES = 200_000


def test_the_pictures_are_small_and_show_todos_and_desk(live: Desk, tmp_path: Path) -> None:
    folder = Path(os.environ.get("PICTURES", tmp_path))
    people = fill()
    todos = live.page(people["ann"], width=1100)
    todos.get_by_label("What is to be done?").fill("Meet at the c4sino tonight")
    todos.get_by_role("button", name="Add", exact=True).click()
    expect(todos.locator("mark")).to_have_text("c4sino")
    todos.screenshot(path=folder / "todos.png")
    desk = live.page(people["ada"], width=1280)
    desk.goto("/moderation")
    desk.locator(".violation", has_text="max").first.get_by_text("Ban…").click()
    expect(desk.get_by_role("button", name="Ban max")).to_be_visible()
    desk.screenshot(path=folder / "desk.png")

    for name in ("todos.png", "desk.png"):
        assert 10_000 < (folder / name).stat().st_size <= BYTES

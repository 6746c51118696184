"""The list of words as a CSV file in /admin."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.pages.signed_in import signed_in
from todo_app.accounts.models import User
from todo_app.moderation.models import BannedWord

pytestmark = pytest.mark.integration
PAGE = "/admin/moderation/bannedword/csv/"


def sent(admin: User, content: bytes) -> tuple[int, str]:
    """Status and page after sending a file."""
    file = SimpleUploadedFile("words.csv", content, content_type="text/csv")
    response = signed_in(admin).post(PAGE, {"file": file}, follow=True)
    return response.status_code, response.content.decode()


def test_the_list_goes_out_and_comes_in(admin: User, user: User, word: str) -> None:
    client = signed_in(admin)
    assert client.get(PAGE).status_code == 200
    assert f"{word},literal,medium" in b"".join(client.get(f"{PAGE}words.csv")).decode()

    status, page = sent(admin, f"word,kind,severity\n{word},literal,high\n{word[::-1]},literal,low\n".encode())

    assert (status, "1 added, 1 changed, 0 there already." in page) == (200, True)
    assert BannedWord.objects.get(word=word).severity == 3
    assert signed_in(user).get(PAGE).status_code in {302, 403}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"word,kind,severity\nfine-new-word,literal,low\nx,odd,low\n", "Line 3: kind is"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a,b\n", "Line 1: the first line must be word,kind,severity"),
    ],
)
def test_a_file_with_a_bad_line_changes_nothing_and_names_it(admin: User, content: bytes, told: str) -> None:
    status, page = sent(admin, content)

    assert status == 422
    assert told in page.replace("&#x27;", "'")
    assert not BannedWord.objects.filter(word="fine-new-word").exists()

"""A changed signing key."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core import signing

from config.secret_files import SecretFiles
from todo_app.common.signing_key import refresh


def test_a_new_key_signs_and_the_old_one_is_still_read(monkeypatch: pytest.MonkeyPatch, secrets_dir: Path) -> None:
    monkeypatch.setattr(settings, "SECRETS", SecretFiles(secrets_dir))
    monkeypatch.setattr(settings, "SECRET_KEY", "value-of-django-secret-key")
    monkeypatch.setattr(settings, "SECRET_KEY_FALLBACKS", [])
    before = signing.dumps("session")

    (secrets_dir / "django-secret-key").write_text("a new key", encoding="utf-8")
    refresh()

    assert settings.SECRET_KEY == "a new key"
    assert signing.loads(before) == "session"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(signing.BadSignature):
        signing.loads(before)

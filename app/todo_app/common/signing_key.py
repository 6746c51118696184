"""Follow a changed Django secret key without a restart; sessions signed by the old one live on."""

from django.conf import settings


def refresh(**_signal: object) -> None:
    """Take a new key from the file and keep the old one as a fallback. Costs one `stat` a request."""
    current = settings.SECRETS.read("django-secret-key")
    if current != settings.SECRET_KEY:
        listed = settings.SECRETS.optional_lines("django-secret-key-fallbacks")
        settings.SECRET_KEY_FALLBACKS = [*dict.fromkeys([settings.SECRET_KEY, *listed])]
        settings.SECRET_KEY = current

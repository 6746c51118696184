"""Write contracts/openapi.json, or say that it is out of date."""

from pathlib import Path

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

TARGET = settings.BASE_DIR.parent / "contracts" / "openapi.json"


def document() -> bytes:
    """The OpenAPI document as it is to be committed."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # drf-spectacular is untyped here
    validate_schema(schema)  # type: ignore[no-untyped-call]  # as above
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS) + b"\n"


class Command(BaseCommand):
    """`manage.py openapi [--check]`."""

    help = "Write the OpenAPI 3.1 document of the API."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to, and whether only to compare."""
        parser.add_argument("--check", action="store_true", help="fail if the file differs")
        parser.add_argument("--file", type=Path, default=TARGET)

    def handle(self, *_args: object, check: bool, file: Path, **_options: object) -> None:
        """Write, or compare."""
        wanted = document()
        if not check:
            file.write_bytes(wanted)
        elif not file.exists() or file.read_bytes() != wanted:
            raise CommandError(f"{file.name} is out of date; run `make openapi`")

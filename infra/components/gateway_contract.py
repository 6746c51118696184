"""`python -m infra.components.gateway_contract`: what the gateway does to a request, as data for the app's own tests.

They put a real Envoy with it before the real server: neither side imports the other.
"""

import json
import sys
from typing import Any

from infra.components import gateway_filters, gateway_objects
from infra.components.gateway_filters import Limits
from infra.lib.paths import REPOSITORY
from infra.settings.gateway import GatewaySettings

FILE = REPOSITORY / "contracts" / "gateway.json"


def text() -> str:
    """The file: filters and limits as they are unless somebody sets others."""
    settings = GatewaySettings()
    limits = Limits.of(settings)
    content: dict[str, Any] = {
        "generated": "by `make graph` from infra/components/gateway_filters.py",
        "limits": {"body": limits.body, "rate": limits.rate, "burst": limits.burst, "sign_ins": limits.sign_ins},
        "token": gateway_objects.rule(settings.gateway_issuer, gateway_objects.keys(settings)),
        "manager": gateway_filters.manager(limits),
        "first": gateway_filters.first(limits),
        "last": gateway_filters.last(limits),
    }
    return json.dumps(content, indent=1) + "\n"


def main() -> int:
    """Write it where it differs."""
    if not FILE.is_file() or FILE.read_text(encoding="utf-8") != text():
        FILE.write_text(text(), encoding="utf-8")
        sys.stdout.write(f"{FILE.relative_to(REPOSITORY)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

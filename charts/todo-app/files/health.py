"""`helm test`: the service is alive and ready behind its Service."""

import json
import os
import sys
from urllib.request import urlopen

BASE_URL = os.environ["BASE_URL"]

for path in ("/healthz", "/readyz"):
    with urlopen(BASE_URL + path, timeout=10) as response:  # noqa: S310 - the Service of this release
        body = json.load(response)
    sys.stdout.write(f"{path}: {response.status} {body}\n")

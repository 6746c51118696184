"""`python -m infra.graph`: write what follows from contracts/service-graph.yaml."""

import sys

from infra.graph.files import generated
from infra.graph.load import service_graph
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY


def main() -> int:
    """Write what differs and name it."""
    try:
        wanted = generated(service_graph())
    except SlipwayError as error:
        sys.stderr.write("\n  ".join([error.message, *error.details]) + "\n")
        return error.code
    for path, text in wanted.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(REPOSITORY)}\n")
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())

"""The worker process: `python -m infra.engine.direct`."""

import gc

gc.disable()  # before the imports: they make a million objects and no cycle worth finding

from infra.engine.direct.worker import main  # noqa: E402 - see above

main()

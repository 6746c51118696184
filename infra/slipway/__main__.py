"""`python -m infra.slipway` is `slipway`."""

from infra.slipway.cli import main

main()

"""What judges Slipway from outside: figures (`bench`), faults (`faults`) and the tools they share.

Nothing of the product imports it.
"""

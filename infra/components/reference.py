"""Outputs of an earlier stack in the same environment."""

import pulumi


def stack_reference(stack: str) -> pulumi.StackReference:
    """`stack` is the short name, such as `foundation`; a missing stack fails before the first resource."""
    # A self-managed backend has the one organization of that name; mocks have none.
    organization = pulumi.get_organization() or "organization"
    return pulumi.StackReference(f"{organization}/slipway-{stack}/{pulumi.get_stack()}")

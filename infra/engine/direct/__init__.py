"""The direct runner: evaluates a Pulumi program as the SDK's mock monitor and applies its objects itself."""

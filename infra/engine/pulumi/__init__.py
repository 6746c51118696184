"""The official engine: the Pulumi CLI on PATH, with its state in a local folder."""

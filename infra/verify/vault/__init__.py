"""Real servers on loopback for what is about Vault."""

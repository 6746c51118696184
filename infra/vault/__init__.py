"""What Vault holds for this platform, and the program that puts it there."""

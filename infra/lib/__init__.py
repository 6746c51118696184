"""What every other part of infra may use; imports nothing of infra outside this folder."""

"""What judges the policies: gator, the same Rego in Python, their corpus, and policies broken on purpose."""

"""Known failures of a running instance, each with why it matters and its remedy."""

"""The whole chain on an embedded instance of its own."""

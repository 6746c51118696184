"""Shapes of requests and answers, one module per topic."""

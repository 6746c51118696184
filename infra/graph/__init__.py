"""The service graph: who may call whom, and everything that follows from it."""

"""Django's PostgreSQL backend, tuned for short requests on a pool."""

"""Container images: named in catalog.toml, built from recipes/, kept in the cache. Use `infra.images.api`."""

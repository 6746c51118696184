"""Users on more than one database, behind TODO_SHARDS."""

"""The relay's metrics. Only the relay imports this: the web's processes would show zeros. See common/metrics.py."""

from prometheus_client import Counter, Gauge

LAG = Gauge("todo_outbox_lag_seconds", "Age of the oldest event that is neither published nor dead.")
DEAD = Gauge("todo_outbox_dead", "Events without further tries; later events of their keys wait.")
LEASE = Gauge("todo_outbox_lease", "1 while this relay may publish.")
PUBLISHED = Counter("todo_outbox_published_total", "Published events; one published twice counts twice.", ["type"])
FAILED = Counter("todo_outbox_failed_total", "Tries that the publisher refused.", ["type"])
DOWN = Counter("todo_outbox_publisher_down_total", "Batches that failed because the publisher was down.")

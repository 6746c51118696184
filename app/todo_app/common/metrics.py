"""Every metric of the service; names and labels are documented in contracts/metrics.json and tested against it."""

from prometheus_client import Counter, Histogram

HTTP_REQUESTS = Counter("todo_http_requests_total", "Answered requests.", ["method", "route", "status"])
HTTP_SECONDS = Histogram(
    "todo_http_request_seconds",
    "Time to answer, without the network.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0),
)
VIOLATIONS = Counter("todo_violations_total", "Refused writes that were logged.", ["counted"])
BANS = Counter("todo_bans_total", "Bans that took effect.", ["cause"])
SIGN_INS = Counter("todo_sign_ins_total", "Sign-in attempts by outcome.", ["outcome"])

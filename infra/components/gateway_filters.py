"""What the gateway's Envoy does to every request, as Envoy's own configuration: pure data, in the order it is applied.

The component hands it to istiod, and `contracts/gateway.json` to the tests that put a real Envoy before the real app.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from infra.settings.gateway import GatewaySettings

ENVOY = "type.googleapis.com/envoy.extensions"
HTTP = f"{ENVOY}.filters.http"
# Set by the gateway for its own JWT check alone; what a client sends under this name is removed.
TOKEN_HEADER = "x-slipway-jwt"  # noqa: S105 - the name of a header
HSTS = "max-age=31536000; includeSubDomains; preload"
# What names a client, a scheme or a path and may be believed of the gateway alone.
SPOOFED = (
    *("forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"),
    *("x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-scheme", "x-forwarded-ssl"),
    *("x-original-url", "x-rewrite-url", "x-http-method-override", "x-envoy-original-path", "proxy"),
)
# The guess of a password costs the app, or Vault, a third of a second of processor time.
SIGN_IN = "^/(api/v1/auth/tokens|sign-in|password|admin/login/|v1/auth/userpass/login/[^?]*)(\\?.*)?$"
# Answers of the gateway's own that say no; a page that it gives is one of its own, too.
REFUSED = {"status_code_filter": {"comparison": {"op": "GE", "value": {"default_value": 400, "runtime_key": "none"}}}}
CLIENTS = 10_000  # addresses that are told apart at once; a further one takes the place of the one seen longest ago
SECONDS = {"headers": 10, "request": 30, "idle": 60, "answer": 60}

# A token of three parts is an identity provider's and is checked; the app's own have none. The app reads the header the
# same way (accounts/oidc.py): a scheme in any case, one space, the rest.
SHAPE = f"""
function envoy_on_request(handle)
  local headers = handle:headers()
  headers:remove("{TOKEN_HEADER}")
  local scheme, token = string.match(headers:get("authorization") or "", "^(%S+) (.*)$")
  if scheme == nil or string.lower(scheme) ~= "bearer" then return end
  local _, dots = string.gsub(token, "%.", "")
  if dots == 2 then headers:add("{TOKEN_HEADER}", token) end
end
"""

# Asked again only what changes nothing: methods, times and reasons are those between pods (the chart's VirtualService).
# Envoy takes these headers from a filter and removes them from what clients send.
RETRY_ON, RETRIES = "connect-failure,refused-stream,reset-before-request,gateway-error", 2
READS = f"""
local reads = {{ GET = true, HEAD = true, OPTIONS = true }}
function envoy_on_request(handle)
  local headers = handle:headers()
  headers:remove("x-envoy-retry-on")
  headers:remove("x-envoy-max-retries")
  if not reads[headers:get(":method")] then return end
  headers:add("x-envoy-retry-on", "{RETRY_ON}")
  headers:add("x-envoy-max-retries", "{RETRIES}")
end
"""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`rate` requests a second of one address, `burst` at once; `sign_ins` a minute; `body` in bytes.

    `hops`: proxies before the gateway whose X-Forwarded-For is believed.
    """

    body: int
    rate: int
    burst: int
    sign_ins: int
    hops: int

    @classmethod
    def of(cls, settings: GatewaySettings) -> Self:
        """The settings' numbers in the units of the filters."""
        return cls(
            body=settings.gateway_body_kib * 1024,
            rate=settings.gateway_rate,
            burst=settings.gateway_burst,
            sign_ins=settings.gateway_sign_ins,
            hops=settings.gateway_hops,
        )


def manager(limits: Limits) -> dict[str, Any]:
    """Fields of the HTTP connection manager: what is refused before any filter, and for how long it waits."""
    return {
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "max_request_headers_kb": 16,
        "request_headers_timeout": _seconds("headers"),
        "request_timeout": _seconds("request"),
        "stream_idle_timeout": _seconds("idle"),
        "common_http_protocol_options": {
            # `X_Forwarded_For` and `X-Forwarded-For` are one name to a WSGI application.
            "headers_with_underscores_action": "REJECT_REQUEST",
            "max_headers_count": 80,
            "idle_timeout": _seconds("idle"),
        },
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        },
        "server_header_transformation": "PASS_THROUGH",
        "early_header_mutation_extensions": [_early(SPOOFED if limits.hops else (*SPOOFED, "x-forwarded-for"))],
        "local_reply_config": {"mappers": [{"filter": REFUSED, "body_format_override": _problem()}]},
    }


def first(limits: Limits) -> list[dict[str, Any]]:
    """Filters before the check of tokens."""
    return [_hygiene(), _rates(limits), _lua("slipway.token-shape", SHAPE)]


def last(limits: Limits) -> list[dict[str, Any]]:
    """Filters right before the request leaves: a whole one, so that a slow client holds no worker, and how often."""
    buffer = {"@type": f"{HTTP}.buffer.v3.Buffer", "max_request_bytes": limits.body}
    return [{"name": "envoy.filters.http.buffer", "typed_config": buffer}, _lua("slipway.retries", READS)]


def _seconds(name: str) -> str:
    return f"{SECONDS[name]}s"


def _early(names: Sequence[str]) -> dict[str, Any]:
    """Before Envoy itself reads X-Forwarded-For; it then writes the address it sees."""
    config = {
        "@type": f"{ENVOY}.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        "mutations": [{"remove": name} for name in names],
    }
    return {"name": "envoy.http.early_header_mutation.header_mutation", "typed_config": config}


def _problem() -> dict[str, Any]:
    """The gateway's own refusals look like the app's (RFC 9457)."""
    return {
        "json_format": {"type": "about:blank", "title": "%RESPONSE_CODE_DETAILS%", "status": "%RESPONSE_CODE%"},
        "content_type": "application/problem+json",
    }


def _hygiene() -> dict[str, Any]:
    header = {"header": {"key": "strict-transport-security", "value": HSTS}, "append_action": "ADD_IF_ABSENT"}
    removed = [{"remove": name} for name in ("x-envoy-upstream-service-time", "x-envoy-decorator-operation", "server")]
    config = {
        "@type": f"{HTTP}.header_mutation.v3.HeaderMutation",
        "mutations": {"response_mutations": [{"append": header}, *removed]},
    }
    return {"name": "slipway.hygiene", "typed_config": config}


def _rates(limits: Limits) -> dict[str, Any]:
    """By address, of IPv6 the /64: a bucket for everything, a smaller one for sign-ins."""
    address = {"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}}
    sign_in = {
        "header_value_match": {
            "descriptor_value": "sign-in",
            "headers": [
                {"name": ":method", "string_match": {"exact": "POST"}},
                {"name": ":path", "string_match": {"safe_regex": {"regex": SIGN_IN}}},
            ],
        }
    }
    of_address = {"key": "masked_remote_address"}
    every = {"numerator": 100, "denominator": "HUNDRED"}
    config = {
        "@type": f"{HTTP}.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "gateway",
        "token_bucket": _bucket(limits.burst * 100, limits.rate * 100, 1),
        "filter_enabled": {"default_value": every},
        "filter_enforced": {"default_value": every},
        "always_consume_default_token_bucket": False,
        "max_dynamic_descriptors": CLIENTS,
        "rate_limits": [{"actions": [address]}, {"actions": [sign_in, address]}],
        "descriptors": [
            {"entries": [of_address], "token_bucket": _bucket(limits.burst, limits.rate, 1)},
            {
                "entries": [{"key": "header_match", "value": "sign-in"}, of_address],
                "token_bucket": _a_minute(limits.sign_ins),
            },
        ],
        "response_headers_to_add": [{"header": {"key": "retry-after", "value": "1"}, "append_action": "ADD_IF_ABSENT"}],
    }
    return {"name": "envoy.filters.http.local_ratelimit", "typed_config": config}


def _a_minute(number: int) -> dict[str, Any]:
    """So many, given back as evenly as whole numbers and whole seconds allow."""
    share = math.gcd(number, 60)
    return _bucket(number, number // share, 60 // share)


def _bucket(most: int, more: int, seconds: int) -> dict[str, Any]:
    return {"max_tokens": most, "tokens_per_fill": more, "fill_interval": f"{seconds}s"}


def _lua(name: str, code: str) -> dict[str, Any]:
    config = {"@type": f"{HTTP}.lua.v3.Lua", "default_source_code": {"inline_string": code}}
    return {"name": name, "typed_config": config}

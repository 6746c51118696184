"""One user at the moderation desk: bans, totals by word, history."""

import uuid
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from todo_app.accounts.audit import users_audit
from todo_app.accounts.bans import REFUSED, Action, BanOutcome, users_ban
from todo_app.accounts.models import User
from todo_app.accounts.selectors import user_by_key
from todo_app.moderation.selectors import violations
from todo_app.pages.targets import back
from todo_app.pages.violations import SWAP, shown

PAGE = 25
TRAIL = 20  # newest changes of role and ban
REASON_MAX = 500  # characters, the column's


@login_required
@permission_required("accounts.ban_user", raise_exception=True)
@require_safe
def person(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """What a moderator wants to know before a ban."""
    user = user_by_key(key=key)
    if user is None:
        raise Http404
    page = shown(request, violations(user_id=key), limit=PAGE)
    context = {"person": user, "page": page, "trail": list(users_audit(user_id=key)[:TRAIL]), "swap": SWAP}
    return render(request, "pages/person.html", context)


@login_required
@permission_required("accounts.ban_user", raise_exception=True)
@require_POST
def ban(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Ban or unban one user with a chosen reason, an own one, or both."""
    action, reason = request.POST.get("action", ""), _reason(request)
    target = back(request, otherwise=reverse("pages:moderation"))
    if action not in {"ban", "unban"} or not reason:
        messages.warning(request, "Nothing was changed. Choose a reason or write one, then send again.")
        return redirect(target)
    actor = cast(User, request.user)
    outcome = users_ban(user_ids=[key], action=cast(Action, action), reason=reason, actor=actor, now=timezone.now())
    _tell(request, outcome, key=key, banned=action == "ban")
    return redirect(target)


def _reason(request: HttpRequest) -> str:
    parts = (request.POST.get(name, "").replace("\x00", "").strip() for name in ("reason", "note"))
    return ": ".join(filter(None, parts))[:REASON_MAX]


def _tell(request: HttpRequest, outcome: BanOutcome, *, key: uuid.UUID, banned: bool) -> None:
    if outcome.changed and banned:
        # extra_tags is where the button Undo of base.html leads
        messages.success(request, "Banned.", extra_tags=reverse("pages:ban", args=[key]))
    elif outcome.changed:
        messages.success(request, "Unbanned. The count of violations starts anew.")
    elif outcome.refused:
        messages.warning(request, REFUSED)
    elif outcome.not_found:
        messages.warning(request, "There is no such user any more.")
    else:
        messages.info(request, "Nothing to change: somebody else did it already.")

"""The moderation desk: newest violations, ban and unban with a reason."""

import uuid
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from todo_app.accounts.bans import Action, users_ban
from todo_app.accounts.models import User
from todo_app.common.paging import CursorInvalid, page_newest_first
from todo_app.moderation.highlight import segments
from todo_app.moderation.selectors import violations


@login_required
@permission_required("accounts.ban_user", raise_exception=True)
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Newest first, words highlighted."""
    try:
        page = page_newest_first(violations(), cursor=request.GET.get("cursor"), limit=25)
    except CursorInvalid:
        raise Http404 from None
    for row in page.rows:
        row["segments"] = segments(row["text"].rstrip("\n"), row["spans"])
    return render(request, "pages/moderation.html", {"page": page})


@login_required
@permission_required("accounts.ban_user", raise_exception=True)
@require_POST
def ban(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Ban or unban one user."""
    action = request.POST.get("action", "")
    reason = request.POST.get("reason", "").strip()[:500].replace("\x00", "")
    if action not in {"ban", "unban"} or not reason:
        messages.warning(request, "Give a reason.")
        return redirect("pages:moderation")
    outcome = users_ban(
        user_ids=[key],
        action=cast(Action, action),
        reason=reason,
        actor=cast(User, request.user),
        now=timezone.now(),
    )
    if outcome.changed:
        messages.success(request, "Banned." if action == "ban" else "Unbanned.")
    elif outcome.refused:
        messages.warning(request, "Neither yourself nor the last administrator can be banned.")
    else:
        messages.info(request, "Nothing to change.")
    return redirect("pages:moderation")

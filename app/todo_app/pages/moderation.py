"""The moderation desk: newest violations and who has the most."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from todo_app.moderation.reports import violations_worst_users
from todo_app.moderation.selectors import violations
from todo_app.pages.violations import SWAP, shown

PAGE = 25
TOTALS = 10  # users


@login_required
@permission_required("accounts.ban_user", raise_exception=True)
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Newest first, words highlighted."""
    page = shown(request, violations(), limit=PAGE)
    totals = violations_worst_users(limit=TOTALS)
    return render(request, "pages/moderation.html", {"page": page, "totals": totals, "swap": SWAP})

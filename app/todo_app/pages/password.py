"""Changing one's own password."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy

from todo_app.accounts.client_address import client_address
from todo_app.accounts.device import device_of
from todo_app.accounts.throttle import SignInThrottled, ThrottleUnavailable, attempt_reserve, attempt_succeeded


class PasswordForm(PasswordChangeForm):
    """Tries of the old password count as tries to sign in: a session that was left open must not find it out."""

    def __init__(self, *args: object, request: HttpRequest, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own, passed on
        self._request = request

    def clean_old_password(self) -> str:
        """Raises ValidationError."""
        name = self.user.username
        address = client_address(self._request.META, trusted=settings.TRUSTED_PROXIES)
        device = device_of(self._request.COOKIES, account=name)
        try:
            attempt_reserve(address=address, account=name, device=device)
        except SignInThrottled as throttled:
            raise forms.ValidationError(f"Too many tries. Wait {throttled.retry_after} seconds.") from None
        except ThrottleUnavailable:
            raise forms.ValidationError("This is not possible right now. Try again in a moment.") from None
        old = super().clean_old_password()
        attempt_succeeded(address=address, account=name, device=device)
        return old


class Password(PasswordChangeView):
    """Django's view. Other sessions and all tokens end with the epoch, this session goes on."""

    http_method_names = ["get", "head", "post"]
    form_class = PasswordForm
    template_name = "pages/password.html"
    success_url = reverse_lazy("pages:todos")

    def get_form_kwargs(self) -> dict[str, object]:
        """The form asks whom the request comes from."""
        return {**super().get_form_kwargs(), "request": self.request}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Save it and say what else it did."""
        answer = super().form_valid(form)
        messages.success(self.request, "Password changed. Everywhere else you are signed out now.")
        return answer

    def form_invalid(self, form: PasswordChangeForm) -> HttpResponse:
        """The same form with what is wrong; no password is sent back."""
        return self.render_to_response(self.get_context_data(form=form), status=422)

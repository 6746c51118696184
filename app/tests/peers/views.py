"""Authentication, serializer and viewset of the peer."""

import hashlib
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework import exceptions, serializers, viewsets
from rest_framework.authentication import BaseAuthentication
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from tests.peers.models import Todo
from todo_app.accounts.models import ApiToken, User
from todo_app.moderation.selectors import words_version_subquery
from todo_app.moderation.word_list import matcher
from todo_app.outbox.models import Event

LAST_USED_STEP = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """The service's tokens and its ban, by the ORM."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The user and the token."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        usable = ApiToken.objects.select_related("user").annotate(words_version=words_version_subquery())
        digest = hashlib.sha256(text.encode()).digest()
        token = usable.filter(digest=digest, expires_on__gt=now, revoked_on__isnull=True).first()
        if token is None:
            raise exceptions.AuthenticationFailed
        if token.user.is_banned:
            raise exceptions.PermissionDenied(token.user.ban_reason)
        if token.epoch != token.user.session_epoch:
            raise exceptions.AuthenticationFailed
        if token.last_used_on is None or now - token.last_used_on > LAST_USED_STEP:
            ApiToken.objects.filter(pk=token.pk).update(last_used_on=now)
        return token.user, token


class TodoSerializer(serializers.ModelSerializer[Todo]):
    """The service's members."""

    tags = serializers.ListField(source="tag_names", read_only=True)

    class Meta:
        """What a user writes here is the title and the description."""

        model = Todo
        fields = (
            "id",
            "owner_id",
            "assignee_id",
            "title",
            "description",
            "status",
            "priority",
            "tags",
            "due_on",
            "started_on",
            "completed_on",
            "created_on",
            "updated_on",
            "version",
        )
        read_only_fields = tuple(name for name in fields if name not in {"title", "description"})


class NewestFirst(CursorPagination):
    """20 a page."""

    page_size = 20
    ordering = "-id"


class TodoViewSet(viewsets.ModelViewSet[Todo]):
    """The caller's todos."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)
    renderer_classes = (JSONRenderer,)
    parser_classes = (JSONParser,)
    pagination_class = NewestFirst
    serializer_class = TodoSerializer

    def get_queryset(self) -> Any:  # noqa: ANN401 - a queryset
        """Nobody else's."""
        return Todo._default_manager.filter(owner=self.request.user)

    def perform_create(self, serializer: Any) -> None:  # noqa: ANN401 - DRF's signature
        """The service's moderation and event."""
        values: Any = serializer.validated_data
        token: Any = self.request.auth
        text = f"{values['title']}\n{values.get('description', '')}"
        if matcher(seen_version=token.words_version).hits(text):
            raise serializers.ValidationError("banned words")
        with transaction.atomic():
            todo = serializer.save(owner=self.request.user)
            payload = {"id": str(todo.pk), "changed": sorted(values)}
            Event.objects.create(type="todo.created", key=str(todo.pk), payload=payload)

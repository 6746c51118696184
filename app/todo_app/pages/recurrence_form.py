"""What people type about a recurrence."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django import forms

from todo_app.todos.rrule import TEXT_MAX, Rule, RuleInvalid, zone_named

OWN = ""  # the choice that reads the field `rule`
OFTEN = (
    ("FREQ=DAILY", "Every day"),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Every weekday"),
    ("FREQ=WEEKLY", "Every week"),
    ("FREQ=MONTHLY", "Every month"),
    ("FREQ=YEARLY", "Every year"),
    (OWN, "By a rule of my own"),
)


class RecurrenceForm(forms.Form):
    """Each error says what would be right."""

    title = forms.CharField(
        max_length=200,
        error_messages={
            "required": "Say what is to be done again and again.",
            "max_length": "Use at most 200 characters.",
        },
    )
    often = forms.ChoiceField(choices=OFTEN, required=False, initial="FREQ=WEEKLY")
    rule = forms.CharField(
        max_length=TEXT_MAX, required=False, error_messages={"max_length": f"Use at most {TEXT_MAX} characters."}
    )
    starts_on = forms.DateTimeField(
        error_messages={
            "required": "Choose the first day and the time of day.",
            "invalid": "Use a date and a time, such as 2026-12-24 18:00.",
        },
    )
    time_zone = forms.CharField(max_length=64, required=False, initial="UTC")

    @property
    def opened(self) -> bool:
        """Something below the first line is filled in or wrong."""
        return self.is_bound and bool(self["rule"].value() or self["rule"].errors or self["time_zone"].errors)

    def clean_time_zone(self) -> ZoneInfo:
        """By its IANA name."""
        try:
            return zone_named(self.cleaned_data["time_zone"] or "UTC")
        except RuleInvalid as error:
            raise forms.ValidationError(f"{error}.") from None

    def clean_rule(self) -> Rule:
        """The rule typed, or the one chosen."""
        often, typed = self.cleaned_data.get("often", OWN), self.cleaned_data["rule"]
        if often == OWN and not typed:
            raise forms.ValidationError("Type a rule such as FREQ=WEEKLY;BYDAY=MO,TH, or choose how often.")
        try:
            return Rule.parse(often or typed)
        except RuleInvalid as error:
            raise forms.ValidationError(f"{error}.") from None

    def begin(self) -> datetime:
        """What was typed is meant by the clock of the zone."""
        typed: datetime = self.cleaned_data["starts_on"]
        zone: ZoneInfo = self.cleaned_data["time_zone"]
        return typed.replace(tzinfo=zone)

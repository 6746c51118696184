// Shows times by the clock of who looks. Without this file they are in UTC, which stands beside them.
"use strict";

const DAY = { day: "numeric", month: "short", year: "numeric" };
const CLOCKS = {
  day: new Intl.DateTimeFormat("en-GB", DAY),
  minute: new Intl.DateTimeFormat("en-GB", { ...DAY, hour: "2-digit", minute: "2-digit" }),
};
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const digits = (number, length = 2) => String(number).padStart(length, "0");

function fieldText(moment) {
  const day = `${digits(moment.getFullYear(), 4)}-${digits(moment.getMonth() + 1)}-${digits(moment.getDate())}`;
  return `${day}T${digits(moment.getHours())}:${digits(moment.getMinutes())}`;
}

function localTimes() {
  for (const time of document.querySelectorAll("time[data-local]")) {
    const clock = CLOCKS[time.dataset.local];
    time.title = time.textContent;
    time.textContent = clock.format(new Date(time.dateTime));
    delete time.dataset.local;
  }
  // a field of date and time, whose zone the form names beside it
  for (const zone of document.querySelectorAll("input[data-zone-of]")) {
    const field = document.getElementById(zone.dataset.zoneOf);
    if (zone.value === "UTC" && field.value) field.value = field.defaultValue = fieldText(new Date(`${field.value}Z`));
    zone.value = zone.defaultValue = ZONE;
    document.querySelector(`label[for="${field.id}"] .zone`).textContent = "(your time)";
    delete zone.dataset.zoneOf;
  }
}

if (ZONE && ZONE !== "Etc/Unknown") {
  document.addEventListener("DOMContentLoaded", localTimes);
  document.addEventListener("shown", localTimes);
}

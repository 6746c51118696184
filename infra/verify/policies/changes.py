"""Texts of Rego with one thing changed, which is what a mutant is."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# What an operator becomes.
TURNED = (
    (" == ", " != "),
    (" != ", " == "),
    (" > ", " < "),
    (" >= ", " == "),
    (" <= ", " > "),
    ("not ", ""),
    (" in ", " == "),
    ("startswith(", "contains("),
    ("endswith(", "contains("),
)
NO_RULE = ("package", "import")


@dataclass(frozen=True)
class Change:
    """Lines `begin` to `end`, counted from 0 and without the last, become `lines`; `what` says which change it is."""

    begin: int
    end: int
    what: str
    lines: tuple[str, ...] = ()

    def of(self, lines: Sequence[str]) -> str:
        """The text changed."""
        return "\n".join([*lines[: self.begin], *self.lines, *lines[self.end :]]) + "\n"


def changes(lines: Sequence[str]) -> Iterator[Change]:
    """An expression or a rule left out, an operator turned, a word taken from a set, a branch from a pattern."""
    for begin, end in _rules(lines):
        yield Change(begin, end, "rule left out")
        for number in range(begin, end):
            line, stripped = lines[number], lines[number].strip()
            if not stripped.startswith("#"):
                for what, changed in _of_line(line, stripped, inside=line.startswith(" ")):
                    yield Change(number, number + 1, what, changed)


def _rules(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where each rule begins and ends, which is a paragraph."""
    begin = 0
    for number, line in enumerate([*lines, ""]):
        if line.strip():
            continue
        while begin < number and lines[begin].startswith("#"):
            begin += 1
        if begin < number and not lines[begin].startswith(NO_RULE):
            yield begin, number
        begin = number + 1


def _of_line(line: str, stripped: str, *, inside: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    if inside and _expression(stripped):
        yield "left out", ()
    for old, new in TURNED:
        head, found, rest = ("", "", line) if inside else line.partition(" if ")
        if old in rest and not rest.strip().startswith(("some ", "every ", "msg :=")):
            yield f"{old.strip()} turned", (head + found + rest.replace(old, new, 1),)
    yield from _smaller_sets(line, stripped)
    for match in re.finditer(r"`([^`]*)`", line):
        for gone, kept in (*narrower(match.group(1)), *wider(match.group(1))):
            yield f"without {gone}", (line[: match.start(1)] + kept + line[match.end(1) :],)


def _expression(stripped: str) -> bool:
    """A line that says something which has to hold, and nothing that later lines are made of."""
    return not (
        stripped in {"}", "])", "}}"}
        or stripped.startswith(("some ", "msg :=", "}", "`", '"'))
        or ":= " in stripped
        or stripped.endswith(("{", "["))
    )


def _smaller_sets(line: str, stripped: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A set or list of words with one word less."""
    if stripped.startswith("msg :="):
        return
    if re.fullmatch(r'"[^"]+",', stripped) or re.fullmatch(r"`[^`]+`,", stripped):
        yield "left out", ()
        return
    for match in re.finditer(r'[\[{]("[\w./:%* -]*"(?:, "[\w./:%* -]*")+)[\]}]', line):
        words = re.findall(r'"[^"]*"', match.group(1))
        for gone in words:
            kept = ", ".join(word for word in words if word != gone)
            yield f"without {gone}", (line[: match.start(1)] + kept + line[match.end(1) :],)


def narrower(pattern: str) -> Iterator[tuple[str, str]]:
    """A regular expression with one branch less, and which: of the whole and of each group."""
    open_at, branches = [0], [[0]]
    for at, character in _bare(pattern + ")"):
        if character == "(":
            open_at.append(at + 1)
            branches.append([at + 1])
        elif character == "|":
            branches[-1].append(at + 1)
        elif character == ")":
            begin, starts = open_at.pop(), branches.pop()
            if len(starts) > 1:
                yield from _fewer(pattern, begin, starts, at)


def wider(pattern: str) -> Iterator[tuple[str, str]]:
    """A regular expression without an end that it is held by, and which."""
    bare = list(_bare(pattern))
    if pattern.startswith("^"):
        yield "^ at its beginning", pattern[1:]
    if bare and bare[-1] == (len(pattern) - 1, "$"):
        yield "$ at its end", pattern[:-1]


def _fewer(pattern: str, begin: int, starts: Sequence[int], end: int) -> Iterator[tuple[str, str]]:
    parts = [pattern[start : stop - 1] for start, stop in zip(starts, [*starts[1:], end + 1], strict=True)]
    flags = re.match(r"\?[a-zA-Z]*:?", parts[0])
    flag = flags.group() if flags else ""
    parts[0] = parts[0].removeprefix(flag)
    for number, gone in enumerate(parts):
        kept = "|".join(part for other, part in enumerate(parts) if other != number)
        yield gone, pattern[:begin] + flag + kept + pattern[end:]


def _bare(pattern: str) -> Iterator[tuple[int, str]]:
    """Characters that have a meaning: neither escaped nor in a class."""
    escaped, inside = False, False
    for at, character in enumerate(pattern):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif inside:
            inside = character != "]"
        elif character == "[":
            inside = True
        else:
            yield at, character

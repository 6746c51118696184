"""The list of banned words as CSV."""

from pydantic import BaseModel

from todo_app.api.schemas.base import ProblemOut


class WordsImported(BaseModel):
    """How many words were added, given another severity, or were there already."""

    added: int
    changed: int
    unchanged: int


class BadLine(BaseModel):
    """A line of the file, counted from 1, and what is wrong with it."""

    line: int
    detail: str


class CsvProblem(ProblemOut):
    """RFC 9457, with all bad lines."""

    lines: list[BadLine]

"""The errors that a person can do something about, and the exit codes they lead to.

A bad line of a log is no error: it is data, and goes to quarantine. Bugs are not caught at all.
"""

from collections.abc import Sequence


class FixableError(Exception):
    """Something a person can mend: one sentence each, naming file, line or key and the mend. Exit code 2."""

    exit_code = 2

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences: Sequence[str] = sentences


class CheckFailedError(FixableError):
    """The build computed everything, a data check failed, and nothing new was published. Exit code 3."""

    exit_code = 3

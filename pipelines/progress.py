"""What a person sees while a build runs: a bar on a terminal, plain lines elsewhere. Both on stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

SECONDS_BETWEEN_LINES = 2.0


@contextmanager
def progress(stream: TextIO) -> Iterator[Callable[[int, int, str], None]]:
    """A function to call with finished steps, all steps and the step's name."""
    if not stream.isatty():
        yield _plain_lines(stream)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("building"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("")
        yield lambda done, total, step: bar.update(task, completed=done, total=total, description=step)


def _plain_lines(stream: TextIO) -> Callable[[int, int, str], None]:
    """At most a line every two seconds, so that a scheduler's log stays short."""
    last = time.monotonic()

    def write(done: int, total: int, step: str) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES or done == total:
            print(f"built {done} of {total}: {step}", file=stream, flush=True)
            last = time.monotonic()

    return write

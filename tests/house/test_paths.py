"""Nothing in the project knows the machine or the network that it was written on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.project import ROOT, tracked_files

# Written so that this file does not find itself.
HOSTS = re.compile(
    r"py[p]i\.org|pythonho[s]ted\.org|npm[j]s\.(org|com)|jsdeliv[r]\.net|unpk[g]\.com|artifac[t]ory|/simp[l]e/"
)
PLACES = re.compile(r"(?<![\w.:/~-])(/(home|root|work|opt|Users|mnt)/\w|[A-Z]:\\\\?Users)")
TOOLS = re.compile(r"--(extra-)?index-url[ =]|--find-links[ =]|--trusted-host[ =]")


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("pattern", [HOSTS, PLACES, TOOLS], ids=["hosts", "places", "options"])
def test_file_names_no_machine(pattern: re.Pattern[str]) -> None:
    """No tracked file holds a registry's host, a folder of one machine, or an option that names either."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in tracked_files()
        if path != Path(__file__)
        for number, line in enumerate(_text(path).splitlines(), start=1)
        if (match := pattern.search(line))
    ]
    assert not found, "\n".join(found)


def test_patterns_find_what_they_are_for() -> None:
    """The patterns are not blind."""
    assert HOSTS.search("https://files.pythonhosted" + ".org/packages/x.whl")
    assert PLACES.search('"' + "/home" + '/ada/portal"')
    assert not PLACES.search("data/home/ada and https://example.com/home/x")
    assert TOOLS.search("--index-url" + " https://example.com")

"""Lists in a real browser: pages, sorting, search, CSV and the link that keeps them, from disk and offline."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from html import escape
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import pytest

from pipelines.pages import formats
from pipelines.pages.downloads import guarded

REPORTS = Path(__file__).parents[2] / "reports"
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "=1+1",
    "+cmd|'/C calc'!A0",
    "@SUM(1,2)",
    'Acme, "Söhne"',
    "x" * 200,
    "שלום",
    "🦊 Fox",
)
PROVIDERS = ("Okta", "Entra ID", "Google", "ADFS", "OneLogin")
Opened = Callable[..., Any]
HEADER = ["Organization", "Provider", "Waiting", "Entered", "Attempts", "Guide"]
SIZE, HOUR_US = 50, 3_600_000_000
START = """
addEventListener("DOMContentLoaded", () => {
  Portal.state.declare("weeks", (value) => ["4", "12"].includes(value));
  Portal.tables.start();
  document.documentElement.dataset.ready = "";
});
"""
# Milliseconds until the page is laid out again.
PRESS = """(css) => { const start = performance.now(); document.querySelector(css).click();
    document.body.getBoundingClientRect(); return performance.now() - start; }"""
TYPE = """(query) => { const start = performance.now(), input = document.querySelector("input");
    input.value = query; input.dispatchEvent(new Event("input"));
    document.body.getBoundingClientRect(); return performance.now() - start; }"""


class Row(NamedTuple):
    """A row of the list; None is an empty cell."""

    name: str
    provider: str | None
    idle_us: int | None
    entered: date | None
    attempts: int | None


def rows(count: int) -> list[Row]:
    """Hostile names among others; in every other column ties and empty cells."""
    return [
        Row(
            name=HOSTILE[number // 7]
            if number % 7 == 3 and number // 7 < len(HOSTILE)
            else f"Organization {number:05}",
            provider=None if number % 11 == 5 else PROVIDERS[number * 7 % len(PROVIDERS)],
            idle_us=None if number % 13 == 2 else number * 7919 % 101 * HOUR_US // 2,
            entered=None if number % 17 == 1 else date(2026, 11, 22) - timedelta(days=number * 31 % 97),
            attempts=None if number % 10 == 9 else number * 37 % 23 * 450,
        )
        for number in range(count)
    ]


ROWS = rows(120)


def shown(row: Row) -> list[str]:
    """What a reader sees in the row's cells."""
    attempts = formats.NONE if row.attempts is None else formats.exact(row.attempts)
    cells = [row.name, row.provider or formats.NONE, formats.duration(row.idle_us), formats.full_date(row.entered)]
    return [*cells, attempts, "Guide"]


def as_html(number: int, row: Row) -> str:
    _, provider, waiting, entered, attempts, _ = map(escape, shown(row))
    values = [
        f' data-sort="{value}"' if value is not None else "" for value in (row.idle_us, row.entered, row.attempts)
    ]
    return f"""<tr><th scope="row"><bdi>{escape(row.name)}</bdi><small>org_{number}</small></th>
<td data-label="Provider">{provider}</td><td class="n" data-label="Waiting"{values[0]}>{waiting}</td>
<td data-label="Entered"{values[1]}>{entered}</td><td class="n" data-label="Attempts"{values[2]}>{attempts}</td>
<td data-label="Guide"><a href="#main">Guide</a></td></tr>"""


def policy() -> str:
    """The content security policy of every page."""
    found = re.search(r"<meta http-equiv=.*>", (REPORTS / "templates" / "_layout.html").read_text())
    assert found
    return re.sub(r"{%.*%}", "", found[0])


def write_page(folder: Path, listed: list[Row]) -> Path:
    """A page as the site has them, with one list and one other table, and its assets beside it."""
    names = ("words.js", "state.js", "tables.js", "site.css", "tables.css")
    for name in names:
        shutil.copy(REPORTS / "static" / name, folder / name)
    (folder / "start.js").write_text(START)
    scripts = "".join(f'<script src="{name}"></script>' for name in (*names[:3], "start.js"))
    styles = "".join(f'<link rel="stylesheet" href="{name}">' for name in names[3:])
    columns = ("organization_name", "provider", "idle_us", "entered_at", "attempt_count", "")
    kinds = ("", "", ' class="n"', "", ' class="n"', "")
    heads = "".join(
        f'<th scope="col"{kind}{f" data-column={column}" if column else ""}>{label}</th>'
        for column, kind, label in zip(columns, kinds, HEADER, strict=True)
    )
    body = "\n".join(as_html(number, row) for number, row in enumerate(listed))
    page = folder / "health.html"
    page.write_text(
        f"""<!doctype html><html lang="en"><head><meta charset="utf-8">{policy()}<title>Lists</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">{styles}{scripts}
</head><body><a class="skip" href="#main">Skip to the content</a><main id="main" class="wide" tabindex="-1">
<h1>Lists</h1><section><h2>Who is stuck?</h2><table data-list="stuck"><caption>Stuck attempts</caption>
<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table><p class="after">After the list.</p></section>
<section><h2>Where do they stop?</h2>
<p><a href="health.html#stuck.q=entra%20id">Who has Entra ID?</a></p>
<table data-csv="steps"><caption>Steps</caption>
<thead><tr><th scope="col">Step</th><th scope="col">Lost</th></tr></thead><tbody>
<tr><th scope="row">Domain</th><td data-label="Lost">-3</td></tr><tr data-off><th scope="row">Off</th><td>1</td></tr>
<tr><th scope="row">None</th><td data-label="Lost">-</td></tr></tbody></table></section></main></body></html>"""
    )
    return page


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("lists"), ROWS)


@pytest.fixture
def opened(visit: Callable[..., Any], file: Path) -> Iterator[Opened]:
    """Opens the page with a state in its link; at the end none may have complained or asked for anything outside."""
    visits: list[Any] = []

    def start(state: str = "", *, page_file: Path = file, **options: Any) -> Any:
        one = visit(**options)
        one.page.set_default_timeout(120_000)  # a slow machine is no failure
        visits.append(one)
        if options.get("java_script_enabled", True):
            return one.open(page_file, state)
        one.page.goto(page_file.as_uri() + state)
        return one.page

    yield start
    assert [complaint for one in visits for complaint in one.complaints] == []


def names(page: Any) -> list[str]:
    """Names in the rows that can be seen, in their order."""
    found: list[str] = page.locator("tbody bdi:visible").all_text_contents()
    return found


def status(page: Any) -> str:
    text: str = page.locator(".tools [role=status]").text_content()
    return text


def view(page: Any) -> tuple[str, list[str], str]:
    """All that a link should bring back."""
    return status(page), names(page), page.get_by_label("Search").input_value()


def saved(page: Any, label: str = "Stuck attempts") -> tuple[str, list[list[str]]]:
    """Name of the downloaded file, and its records."""
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Download CSV: {label}").click()
    text = download.value.path().read_bytes().decode()
    assert text.startswith("\ufeff")
    assert text.endswith("\r\n")
    return download.value.suggested_filename, list(csv.reader(io.StringIO(text[1:], newline="")))


def expected(column: str | None = None, *, is_falling: bool = False, listed: list[Row] = ROWS) -> list[str]:
    """Names in the order of a column: ties as they were, empty cells last, whichever the direction."""
    if column is None:
        return [row.name for row in listed]
    full = [row for row in listed if getattr(row, column) is not None]
    empty = [row for row in listed if getattr(row, column) is None]
    in_order = sorted(full, key=lambda row: getattr(row, column), reverse=is_falling)
    return [row.name for row in (*in_order, *empty)]


def pressed_by_keyboard(page: Any, name: str) -> Any:
    """The button of this name, reached by the Tab key alone."""
    button = page.get_by_role("button", name=name, exact=True)
    for _ in range(200):
        if button.evaluate("(one) => one === document.activeElement"):
            return button
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {name}")


def test_list_is_turned_page_by_page(opened: Opened) -> None:
    """Fifty rows a page; the status says which, the ends go nowhere, and the focus stays on the button."""
    page = opened()
    following = pressed_by_keyboard(page, "Next")
    for number, text in enumerate(("1 to 50", "51 to 100", "101 to 120", "101 to 120")):
        start = min(number, 2) * SIZE
        assert status(page) == f"Showing {text} of 120"
        assert names(page) == expected()[start : start + SIZE]
        assert following.get_attribute("aria-disabled") == str(start == 100).lower()
        page.keyboard.press("Enter")
        assert following.evaluate("(one) => one === document.activeElement")
    assert page.get_by_text("Page 3 of 3").is_visible()
    page.get_by_role("button", name="Previous").click(click_count=3)
    assert page.get_by_role("button", name="Previous").get_attribute("aria-disabled") == "true"
    assert (status(page), page.url.partition("#")[2]) == ("Showing 1 to 50 of 120", "")


def test_turned_page_begins_at_its_top(opened: Opened) -> None:
    """The buttons are in the window wherever one reads; the new page is shown from its first row, and nothing jumps."""
    page = opened(viewport={"width": 1280, "height": 700})
    page.locator(".list tbody tr:visible").nth(40).scroll_into_view_if_needed()
    button = page.get_by_role("button", name="Next")
    before = button.bounding_box()
    button.click()
    assert button.bounding_box() == before
    assert page.locator(".tools").bounding_box()["y"] >= 0
    tools = page.locator(".tools").bounding_box()
    button.click()
    page.get_by_role("button", name="Waiting").click()
    assert page.locator(".tools").bounding_box() == tools


@pytest.mark.parametrize(
    ("label", "column", "key"),
    [
        ("Attempts", "attempts", "attempt_count"),
        ("Provider", "provider", "provider"),
        ("Entered", "entered", "entered_at"),
        ("Waiting", "idle_us", "idle_us"),
    ],
)
def test_column_is_sorted_by_keyboard(opened: Opened, label: str, column: str, key: str) -> None:
    """Rising, falling, then as it was: ties keep their order, empty cells stay last, `aria-sort` tells."""
    page = opened("#stuck.page=2")
    pressed_by_keyboard(page, label)
    whole = "[...document.querySelectorAll('.list tbody bdi')].map((one) => one.textContent)"
    head = page.locator(f"th[data-column={key}]")
    for direction, sort, order in (
        ("ascending", f"#stuck.sort={key}", expected(column)),
        ("descending", f"#stuck.sort=-{key}", expected(column, is_falling=True)),
        (None, "", expected()),
    ):
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == direction
        assert page.locator("[aria-sort]").count() == (direction is not None)
        assert page.evaluate(whole) == order
        assert names(page) == order[:SIZE]
        assert page.url.partition("health.html")[2] == sort
        assert page.evaluate("document.activeElement.textContent") == label


def test_words_in_a_column_of_numbers_stand_after_them(opened: Opened) -> None:
    """Cells such as `not reached` are after all numbers and before empty ones, in both directions."""
    page = opened()
    page.evaluate("""() => { const cell = document.querySelectorAll('td[data-label=Attempts]')[60];
        delete cell.dataset.sort; cell.textContent = 'not reached'; }""")
    empty = sum(row.attempts is None for row in ROWS)
    for _ in range(2):
        page.get_by_role("button", name="Attempts", exact=True).click()
        cells = page.locator(".list td[data-label=Attempts]").all_text_contents()
        assert cells[-empty - 1 :] == ["not reached", *[formats.NONE] * empty]


@pytest.mark.parametrize(
    "query",
    [
        "okta",
        "OKTA nov",
        "22 nov",
        "</SCRIPT>",
        "ORG_7",
        "organization 0001",
        "söhne",
        "שלום",
        "🦊",
        "x" * 200,
        "10,350",
        ".*",
    ],
)
def test_search_reads_all_cells(opened: Opened, query: str) -> None:
    """Rows that hold what is typed, else each of its words, capitals or not; the list starts at its first page."""
    page = opened("#stuck.page=3")
    page.get_by_label("Search").fill(query)
    lines = ["\n".join([*shown(row), f"org_{number}"]).casefold() for number, row in enumerate(ROWS)]
    parts = [query.casefold()] if any(query.casefold() in line for line in lines) else query.casefold().split()
    found = [row.name for row, line in zip(ROWS, lines, strict=True) if all(part in line for part in parts)]
    assert names(page) == found[:SIZE]
    many = f"Showing 1 to {min(SIZE, len(found))} of {len(found)} found"
    assert status(page) == (many if found else f"Nothing matches “{query}”")
    assert page.locator(".pager").is_visible() is (len(found) > SIZE)
    assert page.evaluate("document.activeElement.type") == "search"


def test_csv_is_what_is_shown(opened: Opened) -> None:
    """Header words and all rows that search and filters leave, in their order; formulas guarded, the rest as it is."""
    page = opened("#stuck.sort=-idle_us")
    name, records = saved(page)
    by_name = {row.name: (number, row) for number, row in enumerate(ROWS)}
    whole = []
    for number, row in (by_name[name] for name in expected("idle_us", is_falling=True)):
        first, *others = ["" if text == formats.NONE else text for text in shown(row)]
        whole.append([guarded(f"{first} org_{number}"), *map(guarded, others)])
    assert (name, records) == ("health_stuck.csv", [HEADER, *whole])
    page.get_by_label("Search").fill("okta")
    page.evaluate("document.querySelector('.list tr:not([hidden]) bdi').closest('tr').dataset.off = ''")
    left = [record for record in whole if record[1] == "Okta"][1:]
    assert saved(page)[1] == [HEADER, *left]
    assert status(page) == f"Showing 1 to {len(left)} of {len(left)} found"


def test_other_table_has_its_csv(opened: Opened) -> None:
    """A table that is no list has the button alone: its rows, but those that a filter leaves out."""
    page = opened()
    assert saved(page, "Steps") == ("health_steps.csv", [["Step", "Lost"], ["Domain", "'-3"], ["None", ""]])
    assert page.get_by_role("searchbox").count() == 1


def test_link_gives_the_same_view(opened: Opened) -> None:
    """What was searched, sorted and turned stands in the link, sorted by key, beside the keys of others."""
    page = opened("#weeks=4")
    page.get_by_label("Search").fill("organization")
    page.get_by_role("button", name="Provider").click()
    page.get_by_role("button", name="Next").click()
    state = "#stuck.page=2&stuck.q=organization&stuck.sort=provider&weeks=4"
    assert page.url.endswith(state)
    again = opened(state)
    assert view(again) == view(page)
    assert again.locator(".ignored").count() == 0


def test_link_on_the_page_leads_to_the_list(opened: Opened) -> None:
    """A link that searches the list brings the reader to it, each time it is followed."""
    page = opened(viewport={"width": 1280, "height": 700})
    link = page.get_by_role("link", name="Who has Entra ID?")
    for _ in range(2):
        link.click()
        page.wait_for_function("document.querySelector('input').value === 'entra id'")
        assert set(page.locator("td[data-label=Provider]:visible").all_text_contents()) == {"Entra ID"}
        assert page.get_by_role("searchbox").bounding_box()["y"] >= 0
        assert page.evaluate("document.activeElement.className") == "list"


def test_short_pages_where_the_table_says_so(opened: Opened, file: Path, tmp_path: Path) -> None:
    """A list may ask for another number of rows a page."""
    short = shutil.copytree(file.parent, tmp_path / "short") / file.name
    short.write_text(short.read_text().replace("<table data-list", '<table data-size="10" data-list'))
    page = opened("#stuck.page=12", page_file=short)
    assert (status(page), len(names(page))) == ("Showing 111 to 120 of 120", 10)


def test_back_button_undoes_each_choice(opened: Opened) -> None:
    """Back goes from the page to the order to the search, whole words at once, and forward again."""
    page = opened()
    search, views = page.get_by_label("Search"), [view(page)]
    search.press_sequentially("organization")
    views.append(view(page))
    for button in ("Entered", "Next"):
        page.get_by_role("button", name=button).click()
        views.append(view(page))
    for before in reversed(views[:-1]):
        page.go_back()
        assert view(page) == before
    for _ in views[1:]:
        page.go_forward()
    assert view(page) == views[-1]


def test_place_on_the_page_is_no_state(opened: Opened) -> None:
    """The skip link and links to headings leave what was chosen as it is; edits of the link do not."""
    page = opened("#stuck.page=2")
    page.evaluate("location.hash = '#main'")
    assert status(page) == "Showing 51 to 100 of 120"
    page.go_back()
    assert status(page) == "Showing 51 to 100 of 120"
    page.evaluate("location.hash = '#stuck.page=3'")
    page.get_by_text("Page 3 of 3").wait_for()
    assert status(page) == "Showing 101 to 120 of 120"
    assert page.locator(".ignored").count() == 0


IMG = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    ("state", "ignored"),
    [
        ("#weeks=abc", "weeks=abc"),
        ("#stuck.page=0", "stuck.page=0"),
        ("#stuck.page=4", "stuck.page=4"),
        ("#stuck.page=1e1&stuck.sort=idle", "stuck.page=1e1, stuck.sort=idle"),
        (f"#stuck.sort={IMG}", f"stuck.sort={IMG}"),
        (f"#{IMG}=1&__proto__=2&constructor=3", f"{IMG}=1, __proto__=2, constructor=3"),
        ("#a=1&b=2&c=3&d=4&e=5", "a=1, b=2, c=3, 2 more"),
        ("#weeks=%zz%E0%A4%A", "weeks=%zz\ufffd%A"),
        (f"#stuck.q={'y' * 201}", f"stuck.q={'y' * 191}…"),
        ("#=&&&weeks=", None),
        ("#weeks", None),
    ],
)
def test_bad_link_is_named_and_ignored(opened: Opened, state: str, ignored: str | None) -> None:
    """One sentence as text says what was not understood, and the page is as without it."""
    page = opened(state)
    assert names(page) == expected()[:SIZE]
    line = page.locator("main > .ignored:first-child")
    assert line.all_text_contents() == ([f"Ignored in the link: {ignored}"] if ignored else [])
    assert page.locator("img").count() == 0
    page.get_by_role("button", name="Next").click()
    assert page.url.endswith("#stuck.page=2")


def test_edited_link_is_checked_too(opened: Opened) -> None:
    """The sentence comes and goes with the link that it is about."""
    page = opened()
    for weeks, text in (("5", "Ignored in the link: weeks=5"), ("4", ""), ("<b>", "Ignored in the link: weeks=<b>")):
        page.evaluate("(value) => { location.hash = `weeks=${value}` }", weeks)
        page.wait_for_function("(text) => (document.querySelector('.ignored')?.textContent ?? '') === text", arg=text)
        assert page.locator(".ignored").is_visible() is bool(text)


def test_paper_has_all_rows(opened: Opened) -> None:
    """In print all rows but filtered ones are there, in the order shown, and no control is."""
    page = opened("#stuck.page=2&stuck.q=okta&stuck.sort=-attempt_count")
    page.evaluate("document.querySelector('.list tbody tr').dataset.off = ''")
    page.emulate_media(media="print")
    assert names(page) == expected("attempts", is_falling=True)[1:]
    assert [one.inner_text() for one in page.get_by_role("button").all()] == HEADER[:-1]
    assert page.locator(".tools, .pager, .take").filter(visible=True).count() == 0
    assert len(page.pdf(format="A4")) > 0


def test_page_is_whole_without_scripts(opened: Opened) -> None:
    """All rows can be read, and there is nothing to press that would do nothing."""
    page = opened("#stuck.page=2", java_script_enabled=False)
    assert names(page) == expected()
    assert page.locator("button, input").count() == 0


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_list_never_scrolls_sideways(opened: Opened, width: int) -> None:
    """No list is wider than the window; fifty rows are shown and columns can be sorted where rows are cards too."""
    page = opened("#stuck.sort=provider&bad=1", viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert len(names(page)) == SIZE
    page.get_by_role("button", name="Organization").click()
    assert page.locator("[aria-sort]").get_attribute("data-column") == "organization_name"
    page.get_by_label("Search").fill("y" * 200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    edges = "[...document.querySelectorAll('main *')].map((one) => one.getBoundingClientRect().right)"
    assert max(page.evaluate(edges)) <= width - 16


def test_ten_thousand_rows_stay_quick(opened: Opened, tmp_path: Path) -> None:
    """Pages, order and search of a long list are right; how long each took is printed, not judged."""
    listed = rows(10_000)
    start = perf_counter()
    page = opened(page_file=write_page(tmp_path, listed))
    print(f"open: {1000 * (perf_counter() - start):.0f} ms")
    assert status(page) == "Showing 1 to 50 of 10,000"
    for what, css in (("turn", ".pager button:last-child"), ("sort", "[data-column=idle_us] button")) * 2:
        print(f"{what}: {page.evaluate(PRESS, css):.0f} ms")
    assert names(page) == expected("idle_us", is_falling=True, listed=listed)[:SIZE]
    page.evaluate(PRESS, ".pager button:last-child")
    assert page.get_by_text("Page 2 of 200").is_visible()
    for query in ("o", "0999"):
        print(f"search: {page.evaluate(TYPE, query):.0f} ms")
    assert status(page) == f"Showing 1 to 11 of {sum('0999' in row.name for row in listed)} found"

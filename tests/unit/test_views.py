from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from pipelines.pages import attempts
from pipelines.pages.cells import Cell, Published, Row, Words
from pipelines.pages.formats import formatters
from pipelines.pages.views import sections, sentences
from pipelines.pages.views.common import Context, head
from pipelines.pages.views.definitions import definitions_page
from pipelines.pages.views.funnel import funnel_page
from pipelines.pages.views.health import health_page
from pipelines.pages.views.lists import connections_page, provider_standing, providers_page, stuck_page
from pipelines.pages.views.overview import attention, overview_page, spark
from tests.unit.page_tables import AS_OF, page_tables

HOUR_US = 3_600_000_000
NOBODY = pl.lit(value=False)
ONLY_OPEN = ~pl.col("is_matured")
FIRST_NINE = pl.col("entry_id") < "org_0009"


@cache
def _published() -> Published:
    return Published(page_tables())


def _context(keep: pl.Expr | None = None, **report: object) -> Context:
    published = Published(page_tables(keep=keep, report=report)) if keep is not None or report else _published()
    return Context(published, "", 26 * HOUR_US, {}, {})


def _page(keep: pl.Expr | None = None) -> Mapping[str, Any]:
    return funnel_page(_context(keep), "sso_setup").parts


def _text(words: Words) -> str:
    return "".join(part.text if isinstance(part, Cell) else part for part in words)


def _said(sentence: sentences.Sentence | None) -> str:
    assert sentence is not None
    return _text(sentence.lead + sentence.rest)


def _row(**values: object) -> Row:
    return Row("rpt_funnels", "sso_setup", values, formatters(UTC))


def _measured(**values: object) -> Row:
    bounds: Mapping[str, object] = {"conversion_lower": 0.384, "conversion_upper": 0.416}
    return _row(**{"conversion_rate": 0.4, **bounds, **values})


@pytest.mark.parametrize(
    ("activated", "matured", "text"),
    [
        (1_430, 3_581, "40% of attempts are activated (1,430 of 3,581)."),
        (0, 3_581, "No attempt was activated (0 of 3,581)."),
        (3, 7, "3 of 7 attempts were activated (38% to 42%), too few for a rate."),
        (1, 1, "1 of 1 attempt was activated (38% to 42%), too few for a rate."),
    ],
)
def test_completion_sentence_has_a_form_for_each_count(activated: int, matured: int, text: str) -> None:
    """The completion is a rate from 20 attempts on and counts with their interval below."""
    funnel = _measured(activated_count=activated, matured_count=matured)
    assert _said(sentences.completion(funnel, [])) == text


@pytest.mark.parametrize(
    ("weeks", "text"),
    [
        (["2026-05-25"], ", week of 25 May 2026)"),
        (["2026-05-25", "2026-06-01", "2026-11-02"], ", weeks of 25 May to 2 Nov 2026)"),
        (["2025-12-29", "2026-01-05"], ", weeks of 29 Dec 2025 to 5 Jan 2026)"),
    ],
)
def test_completion_sentence_names_its_weeks(weeks: list[str], text: str) -> None:
    """The weeks that the rate is of are named once, with the year where it is needed."""
    funnel = _measured(activated_count=40, matured_count=100)
    rows = [_row(matured_count=1, entry_week=date.fromisoformat(week)) for week in weeks]
    assert text in _said(sentences.completion(funnel, rows))


def test_completion_sentence_says_when_it_is_too_early() -> None:
    """With open attempts only, the sentence says when the first window closes."""
    one = _row(matured_count=0, activated_count=0, maturing_count=1, next_maturity_at=None)
    assert _said(sentences.completion(one, [])) == "Too early for a completion rate: 1 attempt is under way."
    assert "the first window closes on 23 Nov 2026" in _said(_page(ONLY_OPEN)["answer"]["completion"])


@pytest.mark.parametrize(
    ("lost", "has_rates", "text"),
    [
        (680, True, "More stop before “Domain verified” than anywhere else: 680 attempts, 29% of those who got there."),
        (1, True, "More stop before “Domain verified” than anywhere else: 1 attempt, 29% of those who got there."),
        (2, False, "More stop before “Domain verified” than anywhere else: 2 attempts."),
    ],
)
def test_loss_sentence_has_a_form_for_each_count(lost: int, has_rates: bool, text: str) -> None:
    """The largest loss is a count, with its share where there are enough attempts."""
    step = _row(label="Domain verified", drop_off_count=lost, drop_off_rate=0.29)
    assert _said(sentences.largest_loss(step, has_rates=has_rates)) == text


def test_loss_sentence_is_left_out_without_a_loss() -> None:
    """Nothing is said about losses where there are none."""
    assert sentences.largest_loss(None, has_rates=True) is None


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "Nobody is stuck right now."),
        (1, "1 attempt is stuck right now; it has waited 9 h."),
        (37, "37 attempts are stuck right now; the longest has waited 9 h."),
    ],
)
def test_stuck_sentence_has_a_form_for_each_count(number: int, text: str) -> None:
    """None, one and many are said differently."""
    funnel = _row(stalled_count=number, longest_idle_us=9 * HOUR_US)
    assert _said(sentences.stuck(funnel)) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "Nobody is stuck right now."),
        (1, "1 organization is stuck right now; it has waited 9 h."),
        (37, "37 organizations are stuck right now; the longest has waited 9 h."),
    ],
)
def test_front_page_counts_stuck_organizations(number: int, text: str) -> None:
    """Over all funnels organizations are counted, not attempts, and none, one and many are said differently."""
    totals = _row(stalled_organization_count=number, longest_idle_us=9 * HOUR_US)
    assert _said(sentences.stuck_everywhere(totals)) == text


def test_front_page_adds_up_no_funnels() -> None:
    """Funnels overlap, so what is said of all of them comes from `rpt_totals`, where an organization counts once."""
    _, stuck = overview_page(_context()).parts["answer"]
    number, *_ = stuck.lead
    assert number == Cell("26", "rpt_totals", "609", "stalled_organization_count", "count")


@pytest.mark.parametrize(("keep", "shown"), [(None, True), (FIRST_NINE, False), (ONLY_OPEN, False), (NOBODY, False)])
def test_provisional_rate_needs_twenty_attempts(keep: pl.Expr | None, shown: bool) -> None:
    """Of fewer than 20 attempts there is no rate of any kind, nor before anybody was watched through a window."""
    assert _page(keep)["has_provisional"] is shown


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, ""),
        (0, ""),
        (1, "1 attempt is excluded by the funnel's definition and is in no other number."),
        (3, "3 attempts are excluded by the funnel's definition and are in no other number."),
    ],
)
def test_excluded_sentence_has_a_form_for_each_count(number: int | None, text: str) -> None:
    """None, one and many are said differently."""
    assert _text(sentences.excluded(_row(excluded_count=number))) == text


def test_unseen_funnel_names_the_event_it_waits_for() -> None:
    """A funnel whose events never came says which, and for which intents."""
    assert (
        _text(_page(NOBODY)["nothing"]) == "Defined, but admin_portal.link_generated has never been received for sso."
    )


def test_excluded_funnel_says_so() -> None:
    """A funnel of which every attempt is excluded says that instead."""
    assert _text(_page(pl.col("is_excluded"))["nothing"]) == "Every attempt so far is excluded: 3."


def test_funnel_answers_in_three_sentences() -> None:
    """How many end activated, where most stop, who is stuck: in this order."""
    answer = [_said(sentence) for sentence in _page()["answer"].values()]
    assert [text.split()[-1] for text in answer] == ["2026).", "there.", "days."]


def test_few_attempts_have_no_rate_in_the_answer() -> None:
    """Under 20 attempts no sentence holds a rate, only the interval."""
    first, second, _ = (_said(sentence) for sentence in _page(FIRST_NINE)["answer"].values())
    assert "too few for a rate" in first
    assert "%" not in second


@pytest.mark.parametrize("fitting", range(8))
def test_page_of_too_many_attempts_is_whole(monkeypatch: pytest.MonkeyPatch, fitting: int) -> None:
    """Whichever column of the attempts is the first that finds no room, there is a page, with filters or without."""
    columns = _page()["data"]["attempts"]["columns"]
    monkeypatch.setattr(attempts, "BUDGET", sum(len(packed["data"]) for packed in [*columns.values()][:fitting]))
    page = _page()
    assert list((page["data"]["attempts"] or {"columns": ()})["columns"]) == [*columns][: fitting if fitting > 5 else 0]
    assert bool(page["filters"]) is (fitting > 5)


def test_steps_after_the_activation_are_set_apart() -> None:
    """What follows the conversion is told apart, and a step without events has no bar."""
    steps = _page()["steps"]
    assert [step.row["label"] for step in steps if step.is_after] == ["First sign-in"]
    unrecorded = next(step for step in steps if not step.row["is_recorded"])
    assert (unrecorded.reached_width, unrecorded.lost_width) == (0.0, 0.0)


def test_bars_of_reached_and_lost_add_up() -> None:
    """The pale bar ends where the bar of the recorded step before ended."""
    bars = [step for step in _page()["steps"] if step.row["is_recorded"]]
    ends = [(step.reached_width + step.lost_width, before.reached_width) for before, step in pairwise(bars)]
    assert all(end == pytest.approx(before, abs=0.02) for end, before in ends)


def test_provider_differs_only_with_its_whole_range() -> None:
    """A provider is above or below only where its 95 % range leaves the average out, and never under 20 attempts."""
    standing = {provider.row["provider"]: provider.standing for provider in _page()["providers"]}
    assert standing["Okta"] == "above"
    assert standing["Generic SAML"] == "below"
    assert standing["OneLogin"] == "same"
    assert standing["JumpCloud"] == "few"


def test_weeks_are_closed_open_or_running() -> None:
    """The week of the as-of time runs, those within the window of it are open, newest first."""
    found = [(week.row["entry_week"], week.standing) for week in _page()["weeks"]]
    assert found == sorted(found, reverse=True)
    assert [(str(week), standing) for week, standing in found if standing != "closed"] == [
        ("2026-11-23", "running"),
        ("2026-11-16", "open"),
        ("2026-11-09", "open"),
    ]


def test_running_week_lasts_to_its_last_day() -> None:
    """A week runs on its seventh day and is over on the eighth."""
    sunday = _context(as_of=AS_OF - timedelta(days=1)).published
    weeks = {str(week.row["entry_week"]): week.standing for week in sections.weeks(sunday, "sso_setup")}
    assert weeks["2026-11-16"] == "running"
    assert sections.running_from(sunday) == date(2026, 11, 16)


def test_stuck_list_has_the_longest_wait_first() -> None:
    """The list is ordered by waiting time and names the error or else its code."""
    stuck = sections.stuck(_published(), "sso_setup")
    waits = [waiting.row["idle_us"] for waiting in stuck]
    assert waits == sorted(waits, reverse=True)
    assert all(waiting.row[waiting.error] or not waiting.row["last_error_code"] for waiting in stuck)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://docs.example.com/x?a=1", "https://docs.example.com/x?a=1"),
        ("http://docs.example.com", "http://docs.example.com"),
        ("javascript:alert(1)", ""),
        ("JaVaScRiPt://x/%0aalert(1)", ""),
        ("data:text/html,x", ""),
        ("//docs.example.com", ""),
        ("https:", ""),
        ("http://[", ""),
        (None, ""),
    ],
)
def test_only_web_addresses_become_links(url: str | None, address: str) -> None:
    """Only http and https with a host are linked."""
    assert sections.web_address(url) == address


def test_stale_data_are_announced() -> None:
    """Data that end longer before the as-of time than the setting allows raise the band, younger ones do not."""
    stale = _context(watermark=AS_OF - timedelta(hours=26, seconds=1))
    assert _text(head(stale, "", "index.html").stale).startswith("No events since 22 Nov 2026, 03:59 UTC.")
    assert head(_context(watermark=AS_OF - timedelta(hours=26)), "", "index.html").stale == ()
    assert head(_context(watermark=None), "", "index.html").stale == ()


def test_links_lead_from_any_depth() -> None:
    """Links of a page in a folder lead out of it first, and the page itself is marked."""
    shown = head(_context(), "", "funnels/sso_setup.html")
    assert [link.href for link in shown.links if link.is_current] == ["../funnels/sso_setup.html"]
    assert shown.links[0].href == "../index.html"


def test_overview_has_every_funnel_in_order() -> None:
    """The front page lists the funnels by position, with a line where two closed weeks are known."""
    funnels = overview_page(_context()).parts["funnels"]
    assert [row["funnel_id"] for row in funnels] == ["sso_setup", "dsync_setup", "audit_logs_setup"]
    assert all(len(row["spark"].split()) == 12 for row in funnels)
    assert [row["providers"] for row in funnels] == [f"providers/{row['funnel_id']}.html" for row in funnels]
    assert overview_page(_context(NOBODY)).parts["funnels"][0]["providers"] == ""
    assert spark([0.5, None]) == ""
    assert spark([0.0, 1.0]) == "2.0,22.0 94.0,2.0"


@pytest.mark.parametrize(
    ("verdicts", "text"),
    [
        ("lower higher", "1 of 2 set-ups needs attention: A."),
        ("lower lower", "2 of 2 set-ups need attention: A and B."),
        ("lower higher lower lower", "3 of 4 set-ups need attention: A, C and D."),
        ("higher too-few", "No set-up is clearly worse than before."),
        ("no-clear-change too-few", "No set-up is clearly worse than before."),
        ("too-few no-full-period-before", "No set-up has enough attempts yet to compare it with before."),
    ],
)
def test_front_page_names_what_needs_attention(verdicts: str, text: str) -> None:
    """A set-up needs attention where it is clearly worse than before; where nothing can be compared that is said."""
    found = [verdict.replace("-", " ") for verdict in verdicts.split()]
    funnels = [
        _row(about=_row(title=title), comparison={"verdict": verdict})
        for title, verdict in zip("ABCD", found, strict=False)
    ]
    total = _row(is_leading=len(found), is_worse=found.count("lower"))
    assert _said(attention(funnels, total)) == text


def test_everybody_stuck_is_listed_with_the_longest_wait_first() -> None:
    """The list has all rows of all funnels, each with its funnel's row and with a guide only where it is an address."""
    page = stuck_page(_context())
    waits = [row["idle_us"] for row in page.parts["stuck"]]
    assert waits == sorted((row["idle_us"] for row in _published().rows("rpt_stalled")), reverse=True)
    assert all(row["about"]["funnel_id"] == row["funnel_id"] for row in page.parts["stuck"])
    assert len({row["funnel_id"] for row in page.parts["stuck"]}) > 1
    assert {row["guide"] for row in page.parts["stuck"]} == {"https://docs.example.com/dns", ""}


def test_actions_for_most_come_first() -> None:
    """Each action stands once, and those for the most attempts come first."""
    counts = [row["stalled_count"] for row in stuck_page(_context()).parts["actions"]]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == len(stuck_page(_context()).parts["stuck"])


@pytest.mark.parametrize(
    ("lower", "upper", "rest", "standing"),
    [
        (0.01, 0.2, 20, "above"),
        (-0.2, -0.01, 20, "below"),
        (-0.1, 0.1, 20, "same"),
        (0.0, 0.1, 20, "same"),
        (0.01, 0.2, 19, "few"),
        (None, None, 0, "few"),
    ],
)
def test_provider_stands_out_only_with_its_whole_difference(
    lower: float | None, upper: float | None, rest: int, standing: str
) -> None:
    """A provider differs from the rest where the interval leaves zero out, and never with fewer than 20 on a side."""
    row = _row(matured_count=40, rest_matured_count=rest, difference_lower=lower, difference_upper=upper)
    assert provider_standing(row) == standing


def test_providers_with_most_attempts_come_first() -> None:
    """The page of a funnel has its providers only, those with the most attempts first, few ones marked."""
    published = _published()
    page = providers_page(_context(), published.row("dim_funnels", "sso_setup"))
    assert [row["provider"] for row in page.parts["providers"]][:2] == ["Okta", "Entra ID"]
    assert {row["funnel_id"] for row in page.parts["providers"]} == {"sso_setup"}
    assert {row["provider"] for row in page.parts["providers"] if row["is_few"]} == {"PingFederate", "JumpCloud"}


def test_certificates_that_expire_soon_come_first() -> None:
    """Those expired, then those that expire within 30 days, then what changed last; what has no state comes last."""
    rows = connections_page(_context()).parts["connections"]
    assert [(row["connection_id"], row["certificate"]) for row in rows] == [
        ("conn_2", "expired"),
        ("conn_5", "expires soon"),
        *((f"conn_{place}", "") for place in (1, 3, 4, 6, 7, 0)),
    ]


def test_seed_metrics_stand_beside_ours() -> None:
    """The seed's five figures keep their names and form; each has its counterpart."""
    metrics = {metric.name: metric for metric in definitions_page(_context()).parts["seed"]}
    assert metrics["completion_rate"].value.text == "37.40%"
    assert metrics["avg_completion_time"].value.text == "1.1 days"
    assert metrics["portals_opened"].ours == Cell("612", "rpt_totals", "609", "linked_organization_count", "count")
    assert all(metric.ours for metric in metrics.values())


def test_health_tells_findings_from_clean_checks() -> None:
    """Findings come most first; what was looked for and not found is apart."""
    parts = health_page(_context()).parts
    assert [row["finding"] for row in parts["found"]] == ["duplicate", "quarantined", "out_of_band", "late_activation"]
    assert [row["finding"] for row in parts["clean"]] == ["bomb", "unattributed"]


def test_health_tells_what_was_turned_away_and_what_no_funnel_uses() -> None:
    """Most lines and most events first; an event type of any funnel is not there."""
    parts = health_page(_context()).parts
    assert [row["reason"] for row in parts["refused"]] == ["no_data", "not_json"]
    assert [row["event_type"] for row in parts["unused"]] == ["admin_portal.link_opend", "session.created"]


def test_health_names_the_numbers_that_changed() -> None:
    """A report of the past whose number is another today stands with both, and why."""
    (run,) = health_page(_context()).parts["restated"]
    assert run.cell("activated_count matured_count", "fraction").text == "300 of 450"
    assert run.cell("today_activated_count today_matured_count", "fraction").text == "301 of 450"
    assert run["reason"] == "late events"

"""The answer in words: what a product manager would say after reading the page, in every form that the counts allow.

Belongs here: grammar (none, one, many, too few, too early). Does not belong here: markup.
"""

from dataclasses import dataclass

from pipelines.pages.cells import Row, Words
from pipelines.pages.formats import FEW


@dataclass(frozen=True)
class Sentence:
    """`lead` is printed bold, `rest` after it."""

    lead: Words
    rest: Words = ()


def plural(number: int, one: str, many: str) -> str:
    """The form of a word that goes with a number."""
    return one if number == 1 else many


def completion(funnel: Row, weeks: list[Row]) -> Sentence:
    """How many attempts are activated; `weeks` are those of the funnel, oldest first."""
    matured, activated = funnel["matured_count"], funnel["activated_count"]
    if matured == 0:
        return _too_early(funnel)
    fraction = funnel.cell("activated_count matured_count", "fraction")
    if matured < FEW:
        interval = funnel.cell("conversion_lower conversion_upper", "interval")
        verb = plural(matured, " attempt was activated", " attempts were activated")
        return Sentence((fraction, verb), (" (", interval, "), too few for a rate."))
    span = (" (", fraction, *_span(weeks), ").")
    if activated == 0:
        return Sentence(("No attempt was activated",), span)
    return Sentence((funnel.cell("conversion_rate", "rate"), " of attempts are activated"), span)


def _too_early(funnel: Row) -> Sentence:
    started = funnel.cell("maturing_count", "count")
    verb = plural(funnel["maturing_count"], " attempt is under way", " attempts are under way")
    first = ("; the first window closes on ", funnel.cell("next_maturity_at", "date_in"))
    close = first if funnel["next_maturity_at"] is not None else ()
    return Sentence(("Too early for a completion rate",), (": ", started, verb, *close, "."))


def _span(weeks: list[Row]) -> Words:
    matured = [week for week in weeks if week["matured_count"]]
    if not matured:
        return ()
    if len(matured) == 1:
        return (", week of ", matured[0].cell("entry_week", "full_date"))
    first, last = matured[0], matured[-1]
    form = "day" if first["entry_week"].year == last["entry_week"].year else "full_date"
    return (", weeks of ", first.cell("entry_week", form), " to ", last.cell("entry_week", "full_date"))


def largest_loss(step: Row | None, *, has_rates: bool) -> Sentence | None:
    """Where most stop; None where no matured attempt was lost on the way."""
    if step is None:
        return None
    lost = (": ", step.cell("drop_off_count", "count"), plural(step["drop_off_count"], " attempt", " attempts"))
    share = (", ", step.cell("drop_off_rate", "rate"), " of those who got there") if has_rates else ()
    return Sentence(("More stop before “", step.cell("label", "name"), "” than anywhere else"), (*lost, *share, "."))


def stuck(funnel: Row) -> Sentence:
    """How many attempts of a funnel wait right now, and how long the longest has."""
    return _stuck(funnel, "stalled_count", "attempt")


def stuck_everywhere(totals: Row) -> Sentence:
    """The same of organizations over all funnels, from `rpt_totals`; one that waits in two funnels counts once."""
    return _stuck(totals, "stalled_organization_count", "organization")


def _stuck(row: Row, column: str, noun: str) -> Sentence:
    number = row[column]
    if number == 0:
        return Sentence((), ("Nobody is stuck right now.",))
    verb = plural(number, f" {noun} is stuck right now", f" {noun}s are stuck right now")
    waited = plural(number, "; it has waited ", "; the longest has waited ")
    return Sentence((row.cell(column, "count"), verb), (waited, row.cell("longest_idle_us", "duration"), "."))


def outcomes(funnel: Row) -> Words:
    """What became of all attempts that started."""
    started, lost, still_open, ended = (
        funnel.cell(f"{outcome}_count", "count") for outcome in ("entrant", "lost", "open", "ended")
    )
    activated = funnel.cell("activated_count early_activated_count", "total")
    of = ("Of ", started, plural(funnel["entrant_count"], " attempt: ", " attempts: "))
    return (*of, activated, " activated, ", lost, " lost, ", still_open, " still open, ", ended, " ended.")


def excluded(funnel: Row) -> Words:
    """How many attempts are left out of all the others; nothing where none is."""
    number = funnel["excluded_count"]
    if not number:
        return ()
    verb = plural(number, " attempt is excluded", " attempts are excluded")
    rest = plural(number, " and is in no other number.", " and are in no other number.")
    return (funnel.cell("excluded_count", "count"), verb, " by the funnel's definition", rest)

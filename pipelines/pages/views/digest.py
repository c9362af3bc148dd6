"""`digest.html` and `digest.txt`: what the overview says, in one screen for mail and chat."""

from pipelines.pages.formats import FEW
from pipelines.pages.views import sentences
from pipelines.pages.views.common import Context, Page, head, provenance
from pipelines.pages.views.overview import overview_page


def digest_page(context: Context) -> Page:
    """The parts of the overview, and the largest `loss` of all funnels with the row of the one that has it, `lossy`."""
    parts = overview_page(context).parts
    lossy = [row for row in parts["funnels"] if row["loss"]]
    most = max(lossy, key=lambda row: row["loss"]["drop_off_count"], default=None)
    loss = most and sentences.largest_loss(most["loss"], has_rates=most["matured_count"] >= FEW)
    parts = {**parts, "lossy": most, "loss": loss}
    return Page(head(context, "Digest", "digest.html"), parts, provenance(context, {}))

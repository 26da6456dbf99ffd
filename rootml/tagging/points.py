"""Working points that are asked for: what a file has to have for them."""

from __future__ import annotations

from rootml.errors import BranchError
from rootml.rootio.matching import Decoder
from rootml.tagger import Tagger


def check_points(tagger: Tagger, decoder: Decoder) -> None:
    """Raise BranchError where thresholds follow a column that the file does not have."""
    for point in tagger.points.values():
        if not point.against or decoder.has(point.against):
            continue
        card, layout = tagger.model.card, decoder.layout
        keys = layout.columns.get(point.against, ())
        wanted = " or ".join(repr(name) for key in keys for name in layout.branches[key].names)
        others = [p.name for p in card.working_points if not p.against]
        raise BranchError(
            f"{decoder.where}: no branch {wanted or repr(point.against)}: the working point "
            f"{point.name!r} of the model {card.name!r} has a threshold for each bin of "
            f"{point.against}" + (f"; {', '.join(others)} need none" if others else "")
        )

"""The talk's claims, weighed on our own sample."""

from __future__ import annotations

from typing import Any

from common.judged import Judged, numbers
from common.talk import EFFICIENCY, Claim
from rootml.validation import rejection_ratio


def weigh(claim: Claim, judged: Judged) -> list[dict[str, Any]]:
    """How many times better the one is than each of the others that are there, and in the talk."""
    scores = judged.scores
    return [
        {
            "better": claim.better,
            "other": other,
            "where": claim.where,
            "talk": told,
            **compared(judged, claim.better, other),
        }
        for other, told in claim.factors.items()
        if claim.better in scores and other in scores
    ]


def compared(judged: Judged, one: str, other: str) -> dict[str, Any]:
    """Rejection of one classifier over that of another on the same events, and the p-value."""
    scores = judged.scores
    ratio = rejection_ratio(scores[one], scores[other], judged.electron, EFFICIENCY)
    return {"here": numbers(ratio), "p_value": float(f"{ratio.p_value:.3g}")}

"""Review a random sample of the demo as an analyst would, so that its figures rest on people's labels.

Labels of the demo's texts are known (`demo_verbatims.jsonl`): the analyst of the demo gives these. The sample
is drawn by the review desk, with known probabilities, and its decisions go the same way as those made on the
pages. A sample reviewed before is not reviewed again.
"""

from __future__ import annotations

import json
import secrets
import sys
from typing import Any

from data.samples.make_demo import VERBATIMS
from pipeline.job import open_job
from pipeline.privacy.masking import mask_texts
from pipeline.review.accounts import Reviewer, add_reviewer
from pipeline.review.campaigns import campaigns, create_campaign
from pipeline.review.decisions import Ballot, record, stamp_of
from pipeline.review.desk import Desk, open_desk
from pipeline.review.labels import VerbatimLabels
from pipeline.review.queue import claim
from pipeline.review.sampling import Design

CAMPAIGN = "Démonstration"
N_ITEMS = 400
SEED = 2026
BOTH = ("customer", "employee")


def read_gold() -> dict[str, VerbatimLabels]:
    """Read the known labels by masked text, as the workspace holds it."""
    records: list[dict[str, Any]] = [json.loads(line) for line in VERBATIMS.read_text("utf-8").splitlines()]
    masked, _ = mask_texts([record["text"] for record in records])
    return {
        text: VerbatimLabels(each["sentiment"], each["enchantment"], each["incivility"], each["themes"])
        for text, each in zip(masked, records, strict=True)
    }


def find_labels(text: str, gold: dict[str, VerbatimLabels]) -> VerbatimLabels | None:
    """Find the known verbatim that a text of the demo begins with; the demo adds planted data after it."""
    beginnings = [known for known in gold if text.startswith(known)]
    return gold[max(beginnings, key=len)] if beginnings else None


def review(desk: Desk, analyst: Reviewer, campaign_id: int) -> int:
    """Answer a whole queue with the known labels; give the number of decisions."""
    gold = read_gold()
    space = desk.codebook.label_space
    queue = claim(desk.store, analyst, campaign_id, n_items=N_ITEMS, audiences=BOTH, lease_minutes=5)
    ballots = []
    for item in queue:
        labels = find_labels(item.text, gold) or item.tagged
        if labels is not None:
            ballots.append(
                Ballot(
                    item.verbatim_id, labels, "review", f"demo-{item.verbatim_id}", campaign_id=campaign_id
                )
            )
    return record(desk.store, analyst, ballots, stamp_of(desk.codebook.version, space))


def main(config: str) -> None:
    """Draw the demo's campaign once and answer it."""
    job = open_job(config)
    desk = open_desk(job.workspace, job.config.review)
    if any(each.name == CAMPAIGN for each in campaigns(desk.store)) or desk.model_id is None:
        return
    # Nobody logs in with it, so that whoever opens the desk is asked to make the first account.
    name, password = "Analyste de la démonstration", secrets.token_urlsafe(24)
    analyst = add_reviewer(desk.store, "demo", name, password, "lead", active=False)
    number = create_campaign(
        desk.store,
        job.workspace,
        job.labels,
        analyst,
        name=CAMPAIGN,
        model_id=desk.model_id,
        design=Design(N_ITEMS, double_share=0.0, seed=SEED),
    )
    n_decisions = review(desk, analyst, number)
    sys.stdout.write(f"{n_decisions} verbatims relus par l'analyste de la démonstration.\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

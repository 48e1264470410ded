"""Verbatims a second and peak memory of each step, against TF-IDF + logistic regression through pandas."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import yaml

from bench.corpus import GOLD, write_export
from bench.measure import Cost, cost_of

DEFAULT_SIZES = (100_000, 1_000_000)
# The baseline holds everything in memory and is slow: its speed is taken on this many and is linear in n.
BASELINE_ROWS = 20_000


def write_config(folder: Path, n_rows: int) -> Path:
    """Write the export and the configuration of a run over it."""
    write_export(folder / "clients.csv", n_rows)
    source = {
        "name": "clients",
        "audience": "customer",
        "path": "clients.csv",
        "text": "commentaire",
        "date": "date",
        "respondent": "client",
        "rating": {"column": "note", "scale": "nps"},
        "dimensions": {"unit": "agence", "channel": "canal"},
    }
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump({"workspace": str(folder / "espace"), "sources": [source]}), "utf-8")
    return path


def ingest(config: str) -> None:
    """Read, type, mask and write."""
    from pipeline.job import open_job
    from pipeline.run import ingest_all

    ingest_all(open_job(config))


def annotate(config: str) -> None:
    """Tag."""
    from pipeline.job import open_job
    from pipeline.run import annotate_all

    annotate_all(open_job(config))


def publish(config: str) -> None:
    """Estimate, protect and write the release."""
    from pipeline.job import open_job
    from pipeline.publish.publication import publish as publish_release

    publish_release(open_job(config))


def baseline(export: str, n_rows: int) -> None:
    """Do with pandas and scikit-learn what most teams do: one logistic regression a label."""
    import json

    import pandas as pd
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_union

    with GOLD.open(encoding="utf-8") as lines:
        gold = pd.DataFrame([json.loads(line) for line in lines])
    vectorizer = make_union(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3),
    )
    features = vectorizer.fit_transform(gold["text"])
    themes = sorted({theme for each in gold["themes"] for theme in each})
    targets = [gold["sentiment"], gold["enchantment"], gold["incivility"]]
    targets += [gold["themes"].map(lambda each, name=name: each.get(name, "absent")) for name in themes]
    models = [LogisticRegression(max_iter=200).fit(features, target) for target in targets]
    frame = pd.read_csv(export, sep=";", nrows=n_rows)
    features = vectorizer.transform(frame["commentaire"])
    for index, model in enumerate(models):
        frame[f"label_{index}"] = model.predict(features)
    frame.groupby("agence")["label_0"].value_counts(normalize=True)


def line(name: str, n_rows: int, cost: Cost) -> str:
    """Write one measured line."""
    return (
        f"{name:<34} {n_rows:>9,} {n_rows / cost.wall_seconds:>10,.0f} v/s {cost.wall_seconds:>8.1f} s "
        f"{cost.cpu_seconds:>8.1f} CPU-s {cost.peak_mib:>7,.0f} MiB"
    )


def main(sizes: tuple[int, ...] = DEFAULT_SIZES) -> None:
    """Measure every size and print a line a step."""
    for n_rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            config = str(write_config(Path(folder), n_rows))
            total = 0.0
            for name, step in (("ingest + mask", ingest), ("tag", annotate), ("estimate + publish", publish)):
                cost = cost_of(step, config)
                total += cost.wall_seconds
                print(line(name, n_rows, cost), flush=True)
            print(f"{'all steps':<34} {n_rows:>9,} {n_rows / total:>10,.0f} v/s {total:>8.1f} s")
            if n_rows == sizes[0]:
                rows = min(n_rows, BASELINE_ROWS)
                cost = cost_of(baseline, str(Path(folder) / "clients.csv"), rows)
                print(line("pandas, TF-IDF + LR (training too)", rows, cost), flush=True)


if __name__ == "__main__":
    main(tuple(int(each) for each in sys.argv[1:]) or DEFAULT_SIZES)

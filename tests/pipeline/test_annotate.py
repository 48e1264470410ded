import numpy as np
import pyarrow as pa
import pytest

from models.tagger import Decisions, TagProbabilities
from pipeline import layout, schema
from pipeline.annotate import annotate_batch
from pipeline.codebook import read_codebook
from pipeline.workspace import Workspace

LABELS = read_codebook().label_space


class LengthTagger:
    """A tagger whose probabilities depend on the text's length alone; it never learnt `support`."""

    model_id = "length-1-00000000-00000000"
    labels = LABELS
    themes = tuple(theme for theme in LABELS.themes if theme != "support")

    def __init__(self):
        self.n_read = 0

    def predict(self, batch):
        self.n_read += len(batch)
        share = np.array([[len(text) % 10 / 10] for text in batch.texts], dtype=np.float32)

        def block(width):
            return np.hstack([share, *[(1 - share) / (width - 1)] * (width - 1)])

        return TagProbabilities(block(4), block(3), block(3), {theme: block(5) for theme in self.themes})

    def decide(self, probabilities):
        n = len(probabilities.sentiment)
        return Decisions(
            sentiment=["positive"] * n,
            enchantment=["none"] * n,
            incivility=["none"] * n,
            themes={theme: [None] * n for theme in self.themes},
            confidence=probabilities.sentiment.max(axis=1),
            needs_review=[False] * n,
        )


@pytest.fixture
def workspace(tmp_path):
    workspace = Workspace(str(tmp_path))
    for part, texts in enumerate((["Très bien", "Accueil glacial 😡", ""], ["RAS"])):
        rows = [
            {
                "verbatim_id": f"v{part}{index}",
                "batch_id": "b1",
                "source": "avis",
                "row": index,
                "audience": "customer",
                "text": text,
                "n_masked": 0,
                "dimensions": [],
            }
            for index, text in enumerate(texts)
        ]
        table = pa.Table.from_pylist(rows, schema=schema.VERBATIM)
        workspace.write_table(table, layout.BATCHES, "b1", layout.VERBATIMS, f"part-{part:05d}.parquet")
    return workspace


def test_each_part_is_tagged_in_the_schema_of_the_codebook(workspace):
    tagger = LengthTagger()
    reports = list(annotate_batch(workspace, "b1", tagger, LABELS))
    assert [(each.part, each.n_verbatims, each.skipped) for each in reports] == [
        ("part-00000.parquet", 3, False),
        ("part-00001.parquet", 1, False),
    ]
    table = workspace.read_table(layout.ANNOTATIONS, "b1", tagger.model_id, "part-00000.parquet")
    assert table.schema.equals(schema.annotation_schema(LABELS))
    assert table["verbatim_id"].to_pylist() == ["v00", "v01", "v02"]
    assert table["p_sentiment_positive"].to_pylist() == pytest.approx([0.9, 0.7, 0.0])
    # The first column of a theme's block is its absence, which has no column.
    assert table["p_theme_means_positive"].to_pylist() == pytest.approx([0.025, 0.075, 0.25])


def test_theme_that_the_model_never_learnt_is_null_not_absent(workspace):
    tagger = LengthTagger()
    list(annotate_batch(workspace, "b1", tagger, LABELS))
    table = workspace.read_table(layout.ANNOTATIONS, "b1", tagger.model_id, "part-00000.parquet")
    assert table["p_theme_support_negative"].null_count == 3
    assert table["p_theme_means_negative"].null_count == 0


def test_part_that_is_whole_is_skipped(workspace):
    tagger = LengthTagger()
    list(annotate_batch(workspace, "b1", tagger, LABELS))
    workspace.remove(layout.ANNOTATIONS, "b1", tagger.model_id, "part-00001.parquet")
    reports = list(annotate_batch(workspace, "b1", tagger, LABELS))
    assert [each.skipped for each in reports] == [True, False]
    assert tagger.n_read == 3 + 1 + 1


def test_part_with_fewer_rows_than_verbatims_is_tagged_again(workspace):
    tagger = LengthTagger()
    list(annotate_batch(workspace, "b1", tagger, LABELS))
    part = (layout.ANNOTATIONS, "b1", tagger.model_id, "part-00000.parquet")
    workspace.write_table(workspace.read_table(*part).slice(0, 1), *part)
    reports = list(annotate_batch(workspace, "b1", tagger, LABELS))
    assert [each.skipped for each in reports] == [False, True]
    assert workspace.count_rows(*part) == 3


class Remembering:
    """A recall that knows one of the verbatims and what was said of it before."""

    def predict(self, tagger, batch):
        probabilities = tagger.predict(batch)
        learnt = np.array([text.startswith("Accueil") for text in batch.texts])
        probabilities.sentiment[learnt] = (0.0, 1.0, 0.0, 0.0)
        return probabilities, learnt


def test_what_the_model_learnt_from_is_read_by_recall_and_marked(workspace):
    tagger = LengthTagger()
    list(annotate_batch(workspace, "b1", tagger, LABELS, Remembering()))
    table = workspace.read_table(layout.ANNOTATIONS, "b1", tagger.model_id, "part-00000.parquet")
    assert table["is_learnt"].to_pylist() == [False, True, False]
    assert table["p_sentiment_negative"].to_pylist()[1] == 1.0


def test_part_from_before_it_was_told_what_the_model_learnt_is_tagged_again(workspace):
    tagger = LengthTagger()
    list(annotate_batch(workspace, "b1", tagger, LABELS))
    part = (layout.ANNOTATIONS, "b1", tagger.model_id, "part-00000.parquet")
    workspace.write_table(workspace.read_table(*part).drop_columns(["is_learnt"]), *part)
    reports = list(annotate_batch(workspace, "b1", tagger, LABELS))
    assert [each.skipped for each in reports] == [False, True]

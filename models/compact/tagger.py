"""Tag verbatims with a multi-task network in ONNX Runtime; no torch is needed."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from models.blend.combine import Combination
from models.compact.encoding import PaddedBatch, PairEncoder, TokenEncoder, VerbatimEncoder, padded_batches
from models.compact.layout import ScoreLayout, Scores, probabilities_of
from models.decisions import DecisionRule, decide
from models.digests import short_digest
from models.errors import ModelError
from models.labels import LabelSpace
from models.registry import read_card, trained_labels
from models.tagger import Decisions, TagProbabilities, VerbatimBatch

WEIGHTS_FILE: Final = "weights.onnx"
TOKENIZER_FILE: Final = "tokenizer.json"
MAX_BATCH_TOKENS: Final = 1024


@dataclass(frozen=True, slots=True)
class Network:
    """A multi-task network on disk, ready to score.

    Attributes:
        session: The ONNX graph: `ids` and `real` in, `scores` out.
        encoder: Turns verbatims into token ids.
        layout: Where each label lies in a score vector.
        digest: First 8 hex digits of the SHA-256 of weights and tokenizer.
        n_threads: Batches that run at once; each uses one thread, as a small network gains nothing from more.
    """

    session: onnxruntime.InferenceSession
    encoder: TokenEncoder
    layout: ScoreLayout
    digest: str
    n_threads: int = 2

    def scores(self, batch: VerbatimBatch) -> Scores:
        """Score verbatims, in the order given.

        Args:
            batch: The verbatims.

        Returns:
            Shape (n, layout.width).
        """
        encoded = self.encoder.encode(batch)
        scores = np.zeros((len(batch), self.layout.width), dtype=np.float32)
        parts = list(padded_batches(encoded, max_batch_tokens=MAX_BATCH_TOKENS, pad_id=self.encoder.pad_id))
        with ThreadPoolExecutor(self.n_threads) as pool:
            for part, found in zip(parts, pool.map(self._run, parts), strict=True):
                scores[part.rows] = found
        return scores

    def _run(self, part: PaddedBatch) -> Scores:
        return np.asarray(self.session.run(None, {"ids": part.ids, "real": part.real})[0], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class NetworkTagger:
    """A network, calibrated, with its thresholds: the `compact` and `transformer` models.

    Attributes:
        model_id: Name, version, hash of weights and thresholds, and codebook hash.
        labels: The label space in use.
        trained: The label space that was learnt.
        network: Turns verbatims into score vectors.
        calibration: Turns the network's probabilities into calibrated ones.
        rule: The thresholds.
    """

    model_id: str
    labels: LabelSpace
    trained: LabelSpace
    network: Network
    calibration: Combination
    rule: DecisionRule

    def predict(self, batch: VerbatimBatch) -> TagProbabilities:
        """Give calibrated probabilities for each verbatim, in the order given."""
        raw = probabilities_of(self.network.scores(batch), self.network.layout)
        return self.calibration.apply([raw], batch.audiences)

    def decide(self, probabilities: TagProbabilities) -> Decisions:
        """Decide labels with the model's own thresholds."""
        return decide(probabilities, self.trained, self.rule)


def load_network(folder: Path, *, n_threads: int = 2) -> Network:
    """Load the network of a model folder.

    Args:
        folder: Holds `model.json`, the ONNX graph and the tokenizer.
        n_threads: Batches that run at once.

    Raises:
        ModelError: A file is missing.
    """
    for name in (WEIGHTS_FILE, TOKENIZER_FILE):
        if not (folder / name).is_file():
            raise _missing(folder, name)
    card = read_card(folder)
    weights = (folder / WEIGHTS_FILE).read_bytes()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    # Processors without VNNI add products of 8-bit numbers up in 16 bits, which overflow: the same verbatim
    # would then read otherwise there. Costs a tenth of the speed on one of these; not measured on others.
    options.add_session_config_entry("session.x64quantprecision", "1")
    return Network(
        session=onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"]),
        encoder=_encoder(card, Tokenizer.from_file(str(folder / TOKENIZER_FILE))),
        layout=ScoreLayout(trained_labels(card)),
        digest=hashlib.sha256(weights + (folder / TOKENIZER_FILE).read_bytes()).hexdigest()[:8],
        n_threads=n_threads,
    )


def load_compact(folder: Path, labels: LabelSpace) -> NetworkTagger:
    """Load the network of a folder, to answer in the given label space."""
    network = load_network(folder)
    card = read_card(folder)
    trained = trained_labels(card)
    digest = short_digest(network.digest, card["calibration"], card["rule"])
    tagger = NetworkTagger(
        model_id=f"{card['kind']}-{card['version']}-{digest}-{trained.codebook_hash[:8]}",
        labels=trained,
        trained=trained,
        network=network,
        calibration=Combination.from_json(card["calibration"]),
        rule=DecisionRule.from_json(card["rule"]),
    )
    return replace(tagger, labels=labels)


def _encoder(card: dict[str, Any], tokenizer: Tokenizer) -> TokenEncoder:
    if card["kind"] == "transformer":
        return PairEncoder(tokenizer, max_tokens=int(card["max_tokens"]), pad_id=int(card["pad_id"]))
    return VerbatimEncoder(tokenizer, max_tokens=int(card["max_tokens"]))


def _missing(folder: Path, name: str) -> ModelError:
    return ModelError.because(
        "the model cannot be loaded",
        expected=f"a file {name}",
        got="none",
        where=str(folder),
        do="Train it again, or take it again from the release",
    )

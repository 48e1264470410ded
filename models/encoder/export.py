"""Write a multi-task network as an ONNX graph, in 32-bit floats or with 8-bit weights."""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

INPUTS = ("ids", "real")
OUTPUT = "scores"


def export_onnx(model: nn.Module, path: Path, *, eight_bits: bool = False, sample_length: int = 12) -> Path:
    """Write the network that turns token ids and the mask of real tokens into score vectors.

    The tracing exporter is used: it needs no package beyond torch and takes a second, where the newer one needs
    two more and ten seconds for the same graph.

    Args:
        model: A network whose `forward` takes `ids` and `real`, both (batch, length), in evaluation mode.
        path: Where to write; replaced when it exists.
        eight_bits: Hold the matrices as signed 8-bit numbers with a scale a column, and quantise what they
            multiply while running.
        sample_length: Length of the row used for tracing.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = torch.ones((2, sample_length), dtype=torch.long)
    real = torch.ones_like(ids)
    real[1, sample_length // 2 :] = 0
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        _trace(model.eval(), ids, real, plain)
        written = path.with_suffix(".partial")
        if eight_bits:
            _quantise(plain, written)
        else:
            written.write_bytes(plain.read_bytes())
        written.replace(path)
    return path


def _trace(model: nn.Module, ids: torch.Tensor, real: torch.Tensor, path: Path) -> None:
    axes = {name: {0: "batch", 1: "length"} for name in INPUTS}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        torch.onnx.export(
            model,
            (ids, real),
            str(path),
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_axes={**axes, OUTPUT: {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )


def _quantise(plain: Path, path: Path) -> None:
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # The quantiser advises a pre-processing pass through the root logger.
    try:
        quantize_dynamic(plain, path, per_channel=True, weight_type=QuantType.QInt8)
    finally:
        root.setLevel(level)

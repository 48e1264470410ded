"""Write a multi-task network as an ONNX graph, in 32-bit floats or with 8-bit weights."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

INPUTS = ("ids", "real")
OUTPUT = "scores"
_SAMPLE_LENGTH = 12


def export_onnx(model: nn.Module, path: Path, *, eight_bits: bool = False, traced: bool = True) -> Path:
    """Write the network that turns token ids and the mask of real tokens into score vectors.

    Our own encoder is traced: that needs no package beyond torch and takes a second. Hub encoders use
    operations that tracing does not know; they go through `torch.export`, which takes ten seconds and needs
    `onnxscript`.

    Args:
        model: A network whose `forward` takes `ids` and `real`, both (batch, length), in evaluation mode.
        path: Where to write; replaced when it exists.
        eight_bits: Hold the matrices as signed 8-bit numbers with a scale a column, and quantise what they
            multiply while running.
        traced: Trace the network, or export it through `torch.export`.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = torch.ones((2, _SAMPLE_LENGTH), dtype=torch.long)
    real = torch.ones_like(ids)
    real[1, _SAMPLE_LENGTH // 2 :] = 0
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        (_trace if traced else _export)(model.eval(), ids, real, plain)
        written = path.with_suffix(".partial")
        if eight_bits:
            quantise_onnx(plain, written)
        else:
            written.write_bytes(plain.read_bytes())
        written.replace(path)
    return path


def _trace(model: nn.Module, ids: torch.Tensor, real: torch.Tensor, path: Path) -> None:
    axes = {name: {0: "batch", 1: "length"} for name in INPUTS}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", torch.jit._trace.TracerWarning)
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


def _export(model: nn.Module, ids: torch.Tensor, real: torch.Tensor, path: Path) -> None:
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    with warnings.catch_warnings(), _quiet_logs(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (ids, real),
            str(path),
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_shapes=(free, free),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Hold back the exporters' and the quantiser's advice, which goes through the root logger."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def quantise_onnx(plain: Path, path: Path) -> Path:
    """Write a graph again with matrices as signed 8-bit numbers, a scale a column.

    Args:
        plain: A graph in 32-bit floats.
        path: Where to write.

    Returns:
        The path.
    """
    graph = onnx.load(plain)
    del graph.graph.value_info[:]  # Stale shapes of the exporter, which the quantiser would trust.
    with _quiet_logs():
        quantize_dynamic(graph, path, per_channel=True, weight_type=QuantType.QInt8)
    return path

"""Look for encoders on the Hugging Face hub, or in a folder."""

from __future__ import annotations

from transformers import AutoConfig

from models.errors import ModelError


def check_encoder(encoder: str) -> None:
    """Make sure that an encoder can be had, before anything long is done for it.

    Args:
        encoder: Its name on the hub, or a folder.

    Raises:
        ModelError: It is not there, or the hub cannot be reached.
    """
    try:
        AutoConfig.from_pretrained(encoder)
    except (OSError, ValueError) as error:
        raise ModelError.because(
            "the encoder cannot be loaded",
            expected="the name of an encoder on a hub that can be reached, or a folder with its files",
            got="neither",
            where=encoder,
            do="Check the name and the connection, or download the encoder and name its folder",
        ) from error

"""Every error that Miroir raises on purpose.

    MiroirError
    ├── ConfigError        a configuration file says something that cannot be
    ├── CodebookError      the codebook is unsound, or a model was trained for another one
    ├── SourceError        a source cannot be read at all
    │   └── NoInputError   it was listed and holds nothing
    ├── WorkspaceError     the workspace holds something unexpected
    ├── ModelError         a model is missing or broken
    ├── ReleaseError       a release cannot be made, found or trusted
    ├── SinkError          a release could not be put somewhere else
    ├── EstimateError      a figure was asked for that the data cannot support
    ├── ReviewError        a review, account or campaign is not as it must be
    └── PrivacyError       something would have given a person away

A message reads `<what failed>: expected <X>, got <Y> (<where>). <what to do>.` It never holds the text of
a verbatim.
"""

from __future__ import annotations

import errno

from models.errors import MiroirError, ModelError

__all__ = [
    "CodebookError",
    "ConfigError",
    "EstimateError",
    "MiroirError",
    "ModelError",
    "NoInputError",
    "PrivacyError",
    "ReleaseError",
    "ReviewError",
    "SinkError",
    "SourceError",
    "WorkspaceError",
    "is_disk_full",
]


class ConfigError(MiroirError):
    """A configuration file says something that cannot be."""


class CodebookError(MiroirError):
    """The codebook is unsound, or a model was trained for another one."""


class SourceError(MiroirError):
    """A source cannot be read at all."""


class NoInputError(SourceError):
    """A source was listed and holds nothing."""


class WorkspaceError(MiroirError):
    """The workspace holds something unexpected."""


class ReleaseError(MiroirError):
    """A release cannot be made, found or trusted."""


class SinkError(MiroirError):
    """A release could not be put somewhere else."""


class EstimateError(MiroirError):
    """A figure was asked for that the data cannot support."""


class ReviewError(MiroirError):
    """A review, account or campaign is not as it must be."""


class PrivacyError(MiroirError):
    """Something would have given a person away."""


def is_disk_full(error: BaseException) -> bool:
    """Tell whether an error says that no room is left on the disk, or none for this user."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)

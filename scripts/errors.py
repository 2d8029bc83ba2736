"""What the commands raise beside provender's own errors, and the exit code of each.

0 done, 1 refused by a check, 2 could not run, 75 somebody else is at it. Each message is a sentence
and what to do next.

ProvenderError
├── Refused               a check said no; what was good before stays
├── Busy                  another run has the lock: try again later
└── CouldNotRun
    ├── NoBuild           nothing was published yet
    ├── UnreadableCatalog what was published cannot be read
    ├── UnknownSelection  no such view, tag, target or decision
    ├── BadInput          an option or argument that cannot be read
    ├── NoRedis           no URL was given and no Redis can be started
    └── MissingExtra      a library that one command needs is not installed
"""

# ruff: noqa: N818 - a name that says what happened needs no "Error" at its end

from provender.errors import FeatureUnavailable, NamespaceOwned, ProvenderError, UnservableValue


class Refused(ProvenderError):
    """A check said no."""


class CouldNotRun(ProvenderError):
    """Something the command needs is not there."""


class Busy(ProvenderError):
    """Another run has the lock; nothing was done."""


class NoBuild(CouldNotRun):
    """No build has been published."""


class UnreadableCatalog(CouldNotRun):
    """The published catalog is damaged, half there or of another format."""


class UnknownSelection(CouldNotRun):
    """A name that the catalog does not know; the message gives the nearest or all of them."""


class BadInput(CouldNotRun):
    """An option or argument that cannot be read."""


class NoRedis(CouldNotRun):
    """There is no Redis to use."""


class MissingExtra(CouldNotRun):
    """A library that one command needs is not installed."""


_REFUSALS = (Refused, NamespaceOwned, UnservableValue, FeatureUnavailable)
INTERRUPTED = 130
BUSY = 75  # EX_TEMPFAIL of sysexits.h, "try again later"


def exit_code(error: ProvenderError) -> int:
    """Return 1 for what a check refused, 2 for what could not run, 75 for who comes too early."""
    if isinstance(error, Busy):
        return BUSY
    return 1 if isinstance(error, _REFUSALS) else 2

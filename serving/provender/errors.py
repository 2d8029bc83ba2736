"""Everything provender raises; each message is a sentence and what to do next.

ProvenderError
├── StoreUnavailable      Redis cannot be reached, is too slow, or refuses us
├── WrongClient           the Redis client is set up in a way that cannot work
├── UnknownName
│   ├── InvalidNamespace  not a name at all (also a ValueError)
│   ├── UnknownNamespace  nothing was ever pushed under it
│   ├── UnknownFormat     the store is written in a format this package does not read
│   ├── UnknownService
│   ├── UnknownView
│   └── UnknownFeature    (also a KeyError)
├── WrongKey              missing, extra or of the wrong type
├── WrongValue            a value does not fit its declared type (also a ValueError)
│   ├── UnservableValue   on its way in: the writer names view, key and column
│   └── CorruptValue      on its way out: the reader names the Redis key
├── FeatureUnavailable    there is no value, and the view says `otherwise: fail`
├── NamespaceOwned        another project or target pushes here
└── DecisionNotLogged     the decision is neither in Redis nor in a spool
"""
# ruff: noqa: N818 - a name that says what happened needs no "Error" at its end


class ProvenderError(Exception):
    """Base of all errors of this package."""


class StoreUnavailable(ProvenderError):
    """Redis could not be asked, or refused; names the cause, never the password.

    `refused`: Redis is there and this user may not: no waiting mends that.
    `timed_out`: it did not answer in time, so that asking again costs as long. `resting`: it did
    not a moment ago, and was not asked.
    """

    def __init__(
        self,
        message: str,
        *,
        refused: bool = False,
        timed_out: bool = False,
        resting: bool = False,
    ) -> None:
        """Keep the sentence and what it was."""
        super().__init__(message)
        self.refused, self.timed_out, self.resting = refused, timed_out, resting


class WrongClient(ProvenderError):
    """The Redis client decodes replies to text; rows are bytes."""


class UnknownName(ProvenderError):
    """A name the online store does not know; the message gives the nearest one."""


class InvalidNamespace(UnknownName, ValueError):
    """A namespace that could never exist."""


class UnknownNamespace(UnknownName):
    """A namespace without a registry."""


class UnknownFormat(UnknownName):
    """A namespace written in another format than this package reads."""


class UnknownService(UnknownName):
    """A feature service the registry does not list."""


class UnknownView(UnknownName):
    """A view version the registry does not list."""


class UnknownFeature(UnknownName, KeyError):
    """A feature that is not in the view or not in what was served."""

    __str__ = Exception.__str__  # KeyError would print the sentence in quotes


class WrongKey(ProvenderError):
    """Entity keys that do not match the ones declared."""


class WrongValue(ProvenderError, ValueError):
    """A value outside its declared type, or a type that cannot be served."""


class UnservableValue(WrongValue):
    """The writer refuses a value; names view, key and column."""


class CorruptValue(WrongValue):
    """The reader refuses what Redis holds; names the key and the command that mends it."""


class FeatureUnavailable(ProvenderError):
    """A feature has no value to serve and its view declares `otherwise: fail`."""


class NamespaceOwned(ProvenderError):
    """A push into a namespace that belongs to another project or target."""


class DecisionNotLogged(ProvenderError):
    """A decision could not be made durable; the caller still holds it."""

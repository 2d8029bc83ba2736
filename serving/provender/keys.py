"""Names of keys in Redis, format 2; nothing else builds one.

`pv:{<namespace>}:registry`, `:version`, `:pushes`, `:decisions`, `:decisions:landed`,
`:decisions:sent` and `:writer` share a slot, so one script writes them at once. Rows are
`pv<view id><generation>{<entity key>}`. The id of a view version is a hash of its name, seven
characters whatever that is: there are millions of keys, and one of up to 22 characters takes Redis
16 bytes less than one of 23. The prefix lets an ACL confine a service to its views; the hash tag
keeps one entity's views together. `pv<view id>` says whose the id is.
"""

import re
from base64 import b32encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import blake2b
from typing import NoReturn
from urllib.parse import quote

from provender.data_types import Codec, Json, Value, codec_for
from provender.errors import InvalidNamespace, WrongKey, WrongValue
from provender.type_names import INTEGER_RANGES

KEY_TYPES = frozenset({*INTEGER_RANGES, "varchar", "boolean", "date", "timestamp"})
_NAMESPACE = re.compile(r"[a-z0-9_.-]+")
_ID_LENGTH = 7
_EMPTY_TEXT = "%"  # no percent-encoding ends in a bare %, so this is no other text


def check_namespace(namespace: str) -> str:
    """Return `namespace`; raise InvalidNamespace unless it matches `[a-z0-9_.-]+`."""
    if not _NAMESPACE.fullmatch(namespace):
        raise InvalidNamespace(
            f"Namespace {namespace!r} is not valid. Use lowercase letters, digits, '_', '.' and"
            " '-'; the default is `<project>.<target>`."
        )
    return namespace


def view_label(view: str, version: int) -> str:
    """Return `<view>@<version>`, as it stands in keys and in the registry."""
    return f"{view}@{version}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean …?` when a known name is near, else nothing."""
    close = get_close_matches(name, sorted(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


@dataclass(frozen=True, slots=True)
class KeySpace:
    """All keys of one namespace."""

    namespace: str

    def __post_init__(self) -> None:
        """Refuse a namespace that could break out of its keys."""
        check_namespace(self.namespace)

    @property
    def registry(self) -> str:
        """A hash: what the store says about itself."""
        return f"pv:{{{self.namespace}}}:registry"

    @property
    def version(self) -> str:
        """A string that changes with the registry; the registry's field `version` is the same."""
        return f"pv:{{{self.namespace}}}:version"

    @property
    def pushes(self) -> str:
        """A stream of push records."""
        return f"pv:{{{self.namespace}}}:pushes"

    @property
    def decisions(self) -> str:
        """A stream of decisions."""
        return f"pv:{{{self.namespace}}}:decisions"

    @property
    def landed(self) -> str:
        """A hash: for each writer of decisions, the number up to which all of its are landed."""
        return f"{self.decisions}:landed"

    @property
    def sent(self) -> str:
        """A hash: for each writer that keeps a journal, the number of the last it sent."""
        return f"{self.decisions}:sent"

    @property
    def log_head(self) -> str:
        """A string: the end of the ledger of landed decisions, kept apart from its files."""
        return f"pv:{{{self.namespace}}}:log_head"

    @property
    def writer(self) -> str:
        """A hash: what pushes remember for the next push; readers do not need it."""
        return f"pv:{{{self.namespace}}}:writer"

    def view(self, view: str, version: int) -> str:
        """Return what the keys of all rows of a view version begin with; a generation follows.

        By itself it is the key that tells whose they are: its value is view_name().
        """
        digest = blake2b(self.view_name(view, version).encode(), digest_size=5).digest()
        return f"pv{b32encode(digest).decode().lower()[:_ID_LENGTH]}"

    def view_name(self, view: str, version: int) -> str:
        """Return `<ns>:<view>@<version>`, the name of a view version among all namespaces."""
        return f"{self.namespace}:{view_label(view, version)}"

    def row_prefix(self, view: str, version: int, generation: int) -> str:
        """Return what the keys of all rows of one generation begin with; `{` follows."""
        return f"{self.view(view, version)}{generation}"

    def row(self, view: str, version: int, generation: int, entity_key: str) -> str:
        """Return the key of one row; `entity_key` is what EntityKey made."""
        return f"{self.row_prefix(view, version, generation)}{{{entity_key}}}"


class EntityKey:
    """Key values of one entity to text; two different keys never give the same text.

    A column's text holds neither `,` nor a brace and is never empty, so joining by `,` loses
    nothing and the hash tag is always the whole key.
    """

    def __init__(self, columns: Sequence[tuple[str, str]]) -> None:
        """Take (name, declared type) in the entity's order; raise WrongKey for a type."""
        if not columns:
            raise WrongKey("An entity needs at least one key column. Declare `keys` in its meta.")
        self._codecs = {name: _key_codec(name, data_type) for name, data_type in columns}
        self._to_text = {name: _key_text(name, codec) for name, codec in self._codecs.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The key columns, in order."""
        return tuple(self._codecs)

    def encode(self, keys: Mapping[str, object]) -> str:
        """Return the entity key of named values; names it does not use are left alone."""
        return self.encode_row([keys[name] for name in self._codecs])

    def encode_row(self, values: Sequence[object]) -> str:
        """Return the entity key of values in the entity's order; raise WrongKey if one is wrong."""
        pairs = zip(self._to_text.values(), values, strict=True)
        return ",".join([to_text(value) for to_text, value in pairs])

    def texts(self, keys: Mapping[str, object], whose: str) -> dict[str, str]:
        """Return each column as it stands in a key; raise WrongKey for names or types.

        `whose` begins the sentence, as in `Service 'credit_risk'`.
        """
        if keys.keys() != self._codecs.keys():
            self._refuse_names(keys, whose)
        return {name: to_text(keys[name]) for name, to_text in self._to_text.items()}

    def texts_of(self, many: Sequence[Mapping[str, object]]) -> dict[str, list[str]] | None:
        """Return texts() of many, column by column; None where one is wrong, of which it tells."""
        if set(map(len, many)) != {len(self._codecs)}:
            return None
        try:
            return {
                name: list(map(to_text, [keys[name] for keys in many]))
                for name, to_text in self._to_text.items()
            }
        except (KeyError, WrongKey):
            return None

    def plain(self, keys: Mapping[str, object]) -> dict[str, Value]:
        """Return keys that texts() accepts as plain Python values."""
        return {
            name: value
            if type(value := keys[name]) is int and codec.name in INTEGER_RANGES
            else codec.decode(_scalar(name, codec, value))
            for name, codec in self._codecs.items()
        }

    def _refuse_names(self, keys: Mapping[str, object], whose: str) -> NoReturn:
        extra = [name for name in keys if name not in self._codecs]
        missing = [name for name in self._codecs if name not in keys]
        wanted = ", ".join(f"{name} ({codec.name})" for name, codec in self._codecs.items())
        problems = [f"{name!r} is not one of its keys.{nearest(name, missing)}" for name in extra]
        if missing:
            problems.append(f"Pass {', '.join(missing)}.")
        raise WrongKey(f"{whose} is read by {wanted}. {' '.join(problems)}")


def _key_codec(name: str, data_type: str) -> Codec:
    try:
        codec = codec_for(data_type)
    except WrongValue as error:
        raise WrongKey(f"Key {name!r}: {error}") from None
    if codec.name not in KEY_TYPES:
        raise WrongKey(
            f"Key {name!r} is a {codec.name}, which does not identify an entity."
            " Cast it to an integer or text in the entity model."
        )
    return codec


def _scalar(name: str, codec: Codec, value: object) -> Json:
    if value is None:
        raise WrongKey(f"Key {name!r} is null, which names no entity. Pass a {codec.name}.")
    try:
        return codec.encode(value)
    except WrongValue as error:
        raise WrongKey(f"Key {name!r}: {error}. Pass a {codec.name}.") from None


def _key_text(name: str, codec: Codec) -> Callable[[object], str]:
    """Return what makes the text of one key column; it raises WrongKey."""
    if codec.name == "varchar":
        return lambda value: quote(str(_scalar(name, codec, value)), safe="") or _EMPTY_TEXT
    if codec.name == "boolean":
        return lambda value: str(_scalar(name, codec, value)).lower()
    low, high = INTEGER_RANGES.get(codec.name, (0, -1))

    def to_text(value: object) -> str:
        if type(value) is int and low <= value <= high:
            return str(value)  # at once: nearly all keys are
        return str(_scalar(name, codec, value))

    return to_text

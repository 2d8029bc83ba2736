"""What a ledger says by one of its entries: which files there are, and which are on their way."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from provender.errors import WrongValue

if TYPE_CHECKING:
    from provender_ops.decisions.ledger import Entry


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A Parquet file, named by its path in the log's folder.

    `sum` is the keyed sum over its rows' macs, hexadecimal.
    """

    file: str
    rows: int
    bytes: int
    sha256: str
    sum: str

    @property
    def day(self) -> str:
        """The date of its decisions, as its folder says."""
        return self.file.partition("/")[0].removeprefix("day=")

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read what an entry says of a file; raise LookupError, TypeError or ValueError."""
        texts = (str(body[name]) for name in ("sha256", "sum"))
        return cls(str(body["file"]), int(body["rows"]), int(body["bytes"]), *texts)


@dataclass(slots=True)
class State:
    """All files by name; those that a compaction replaced are `superseded`, since when.

    `landed` says of each when the last of its rows landed. `removing` are files that an entry gave
    up, and of which none says yet that they are gone.
    """

    sequence: int = 0
    mac: str = ""
    ledger: str = ""
    key: str = ""
    files: dict[str, LandedFile] = field(default_factory=dict)
    landed: dict[str, str] = field(default_factory=dict)
    compacted: set[str] = field(default_factory=set)
    superseded: dict[str, str] = field(default_factory=dict)
    removing: dict[str, None] = field(default_factory=dict)
    macs: dict[int, str] = field(default_factory=dict)
    """Of the entries that were asked for by `remember`."""
    remember: frozenset[int] = frozenset()

    @property
    def current(self) -> list[LandedFile]:
        """The files that hold each row once."""
        return [file for name, file in self.files.items() if name not in self.superseded]

    def as_body(self) -> dict[str, Any]:
        """Return it as JSON can hold it, without the macs that were to be remembered."""
        return {
            "sequence": self.sequence,
            "mac": self.mac,
            "ledger": self.ledger,
            "key": self.key,
            "files": [asdict(file) for file in self.files.values()],
            "landed": self.landed,
            "compacted": sorted(self.compacted),
            "superseded": self.superseded,
            "removing": list(self.removing),
        }

    @classmethod
    def of(cls, body: Mapping[str, Any], remember: frozenset[int]) -> Self:
        """Read what as_body() wrote."""
        return cls(
            sequence=int(body["sequence"]),
            mac=str(body["mac"]),
            ledger=str(body["ledger"]),
            key=str(body["key"]),
            files={file.file: file for file in map(LandedFile.of, body["files"])},
            landed=dict(body["landed"]),
            compacted=set(body["compacted"]),
            superseded=dict(body["superseded"]),
            removing=dict.fromkeys(body["removing"]),
            remember=remember,
        )

    def mac_of(self, sequence: int) -> str | None:
        """Return the mac of the last entry, or of one that was to be remembered."""
        return self.mac if sequence == self.sequence else self.macs.get(sequence)

    def apply(self, entry: "Entry") -> None:
        """Go on by one entry; raise WrongValue for one that says nothing that can be."""
        try:
            self._apply(entry.kind, entry.body)
        except (LookupError, TypeError, ValueError, AttributeError):
            raise WrongValue("it cannot be read") from None
        self.sequence, self.mac = entry.sequence, entry.mac
        if entry.sequence in self.remember:
            self.macs[entry.sequence] = entry.mac

    def _apply(self, kind: str, body: Mapping[str, Any]) -> None:
        if kind == "begin":
            self.ledger, self.key = str(body["ledger"]), str(body["key"])
        elif kind in {"landing", "compaction"}:
            files = [LandedFile.of(each) for each in body["files"]]
            self.files.update({file.file: file for file in files})
            self.landed.update(dict.fromkeys((file.file for file in files), self._landed_at(body)))
            if kind == "compaction":
                self.compacted.update(file.file for file in files)
                self.superseded.update(dict.fromkeys(body["replaces"], str(body["at"])))
        elif kind == "removal":
            self.removing.update(dict.fromkeys(body["files"]))
            self._forget(body["files"])
        elif kind == "removed":
            for name in body["files"]:
                self.removing.pop(name, None)

    def _landed_at(self, body: Mapping[str, Any]) -> str:
        """Return when the last row of new files landed: what was made compact landed before."""
        replaced = [self.landed.get(name, "") for name in body.get("replaces", [])]
        return max(replaced, default=str(body["at"]))

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            self.files.pop(name, None)
            self.landed.pop(name, None)
            self.superseded.pop(name, None)
            self.compacted.discard(name)

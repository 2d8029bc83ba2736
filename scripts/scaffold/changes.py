"""What a command writes: new files and additions, made whole or not at all."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from provender_ops.errors import BadInput


@dataclass(frozen=True)
class Change:
    """A file as it shall be. `before` is None for a new one; `added` is what comes to an old."""

    path: Path
    text: str
    before: str | None = None
    added: str = ""

    @property
    def is_new(self) -> bool:
        """Whether there is no such file yet."""
        return self.before is None

    def as_json(self) -> dict[str, object]:
        """Return what a program wants to know."""
        return {
            "path": str(self.path),
            "new": self.is_new,
            "text": self.text if self.is_new else self.added,
        }


def new_file(root: Path, path: Path, text: str) -> Change:
    """Return a new file; raise BadInput when there is one of that name."""
    if (root / path).exists():
        raise BadInput(f"{path} is there already. Choose another name, or move it away.")
    return Change(path, text)


def write(root: Path, changes: Sequence[Change]) -> None:
    """Write all files, or none: what was written is taken back when one cannot be."""
    done: list[Change] = []
    try:
        for change in changes:
            _write(root, change)
            done.append(change)
    except BaseException:  # Ctrl-C too: half a view is worse than none
        for change in reversed(done):
            with suppress(OSError):
                _take_back(root, change)
        raise


def _write(root: Path, change: Change) -> None:
    path = root / change.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if change.before is None:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(change.text)
        return
    if _read(path) != change.before:
        raise BadInput(f"{change.path} was changed meanwhile. Run the command again.")
    aside = path.with_name(f".{path.name}.new")
    aside.write_text(change.text, encoding="utf-8", newline="")
    aside.replace(path)


def _take_back(root: Path, change: Change) -> None:
    path = root / change.path
    if change.before is None:
        path.unlink()
    else:
        path.write_text(change.before, encoding="utf-8", newline="")


def read_text(root: Path, path: Path) -> str:
    """Return a file of the project to its last byte; raise BadInput when it is no text."""
    try:
        return _read(root / path)
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8 text. Save it as such.") from None


def _read(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()

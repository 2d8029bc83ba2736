"""Whether the landed decisions are those that landed: the ledger, its head, and each file.

What landing, compaction and retention did is in the ledger; anything else is a finding. Everything
is read as a stream, and a file is looked into only when its bytes are not those that landed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from provender.errors import WrongValue
from provender_ops.decisions import files
from provender_ops.decisions.changed import decisions_in, what_changed
from provender_ops.decisions.head import Head
from provender_ops.decisions.ledger import FOLDER, LEDGER, Entry, is_signed, lines, locked
from provender_ops.decisions.log_key import ChainKey
from provender_ops.decisions.state import LandedFile, State
from provender_ops.decisions.tidying import sum_of
from provender_ops.errors import BadInput

_NAMED = 20  # of what is wrong in the same way


@dataclass(slots=True)
class Verified:
    """What was verified, and what was found: `findings` are wrong, `notes` are worth knowing."""

    entries: int = 0
    files: int = 0
    rows: int = 0
    head: str = ""
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify(landing: Path, key: ChainKey, stored: str | None, noted: Sequence[Head]) -> Verified:
    """Verify a landing folder; `stored` is the head in Redis, `noted` are others to hold.

    Raise BadInput where nothing has landed, or under another key; OSError.
    """
    folder = landing / FOLDER
    path = folder / LEDGER
    heads = [*noted, *([Head.of(stored)] if stored else [])]
    report = Verified()
    if not path.exists():
        return _without_ledger(folder, heads, report)
    with locked(landing):
        size = path.stat().st_size
        present = _present(folder)
        waiting = _waiting(folder)
    state = _read(path, size, key, State(remember=frozenset(h.sequence for h in heads)), report)
    if state.key and state.key != key.name:
        raise BadInput(
            f"The log in {folder} was begun under another key. Set PROVENDER_LOG_KEY to that one."
        )
    report.head = f"{state.sequence}:{state.mac}"
    _hold(heads, state, report)
    if stored is None and not noted:
        report.notes.append(
            "Redis keeps no head of the ledger, so nothing shows that none of its last entries was"
            " cut off. Compare with one that was noted elsewhere: --head."
        )
    for name, file in state.files.items():
        _verify_file(folder, file, name in waiting, key, report)
    for name in sorted(present - set(state.files)):
        _verify_stranger(folder, name, name in state.removing, report)
    return report


def _read(path: Path, size: int, key: ChainKey, state: State, report: Verified) -> State:
    """Follow the chain to where it ended when we looked."""
    for number, line in _lines_up_to(path, size):
        if not line.endswith(b"\n"):
            report.notes.append("A landing was killed as it began an entry; the next cuts it off.")
            break
        report.entries += 1
        try:
            entry = Entry.of(line)
            if not is_signed(line, key):
                report.findings.append(f"Line {number} of the ledger was changed or inserted.")
            elif entry.sequence != state.sequence + 1 or entry.body.get("previous") != state.mac:
                report.findings.append(
                    f"Entry {entry.sequence} of the ledger (line {number}) does not follow on"
                    f" entry {state.sequence}: what stood between was removed or put elsewhere."
                )
            _account(entry, state, report)
            state.apply(entry)
        except WrongValue:
            report.findings.append(f"Line {number} of the ledger cannot be read.")
    return state


def _account(entry: Entry, state: State, report: Verified) -> None:
    """Hold that a compaction neither added nor removed a row, and tell of lost heads."""
    at = entry.body.get("at")
    if entry.kind == "compaction":
        try:
            made = [LandedFile.of(each) for each in entry.body["files"]]
            replaced = [state.files[name] for name in entry.body["replaces"]]
        except (LookupError, TypeError, ValueError):
            report.findings.append(f"Entry {entry.sequence} compacts what never landed.")
            return
        if sum_of(made) != sum_of(replaced):
            report.findings.append(
                f"The compaction of entry {entry.sequence} ({at}) added or removed rows."
            )
    elif entry.kind == "head" and entry.body.get("found") is None:
        report.notes.append(
            f"Redis had lost the head before entry {entry.sequence} ({at}): that nothing was cut"
            " off before it, only a head noted elsewhere can show."
        )
    elif entry.kind == "head":
        report.findings.append(
            f"Before entry {entry.sequence} ({at}) the ledger did not have the end that Redis knew"
            f" ({entry.body['found']}): entries were cut off, or the folder was put back."
        )


def _hold(heads: Sequence[Head], state: State, report: Verified) -> None:
    for head in heads:
        if head.sequence > state.sequence:
            report.findings.append(
                f"The ledger ends at entry {state.sequence}, and the head says {head.sequence}:"
                " its end was cut off."
            )
        elif state.mac_of(head.sequence) != head.mac:
            report.findings.append(
                f"Entry {head.sequence} of the ledger is another than the head says."
            )


def _verify_file(
    folder: Path, file: LandedFile, is_waiting: bool, key: ChainKey, report: Verified
) -> None:
    path = folder / file.file
    try:
        is_whole = files.sha256(path) == file.sha256
    except FileNotFoundError:
        _missing(folder, file, is_waiting, key, report)
        return
    report.files += 1
    report.rows += file.rows
    if not is_whole:
        what = what_changed(path, file, key)
        report.findings.append(f"{file.file} (day {file.day}) was changed: {what}")


def _missing(
    folder: Path, file: LandedFile, is_waiting: bool, key: ChainKey, report: Verified
) -> None:
    if is_waiting:
        report.notes.append(
            f"{file.file} is not in place yet: a landing was killed. The next one completes it."
        )
        return
    now = State()  # a landing may have removed it since we looked
    for line in lines(folder / LEDGER):
        if line.endswith(b"\n") and is_signed(line, key):
            now.apply(Entry.of(line))
    if file.file in now.files:
        report.findings.append(
            f"{file.file} (day {file.day}) was removed, with {file.rows} decisions."
        )


def _verify_stranger(folder: Path, name: str, is_removing: bool, report: Verified) -> None:
    if is_removing:
        report.notes.append(f"{name} is to be removed: a landing was killed. The next removes it.")
    elif (folder / name).exists():
        report.findings.append(
            f"{name} was inserted: no landing wrote it. {decisions_in(folder / name)}"
        )


def _without_ledger(folder: Path, heads: Sequence[Head], report: Verified) -> Verified:
    if heads:
        report.findings.append(
            f"There is no ledger, and the head says it has {heads[0].sequence} entries: it was"
            " removed."
        )
    report.findings += [
        f"{name} was inserted, or landed before its ledger was removed."
        for name in sorted(_present(folder))[:_NAMED]
    ]
    if not report.findings:
        report.notes.append("No decision has landed here yet.")
    return report


def _lines_up_to(path: Path, size: int) -> Iterator[tuple[int, bytes]]:
    read = 0
    for number, line in enumerate(lines(path), 1):
        if read >= size:
            return
        read += len(line)
        yield number, line


def _present(folder: Path) -> set[str]:
    """Return all that a reader's glob finds."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*.parquet")}


def _waiting(folder: Path) -> set[str]:
    """Return the files that lie beside their place."""
    found = (path.relative_to(folder) for path in folder.glob("day=*/.*.tmp"))
    return {str(path.with_name(path.name[1 : -len(".tmp")])) for path in found}

"""A process that logs decisions, and tells which of them record() took; to be killed."""

import multiprocessing
import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from logging_store import until
from online_store import NAMESPACE

from provender import DecisionLog, DecisionNotLogged, ServedFeatures
from provender.connection import connect

_FORK = multiprocessing.get_context("fork")
REFUSED = "refused"
PATIENCE = 30.0


@dataclass(frozen=True)
class Place:
    """Where decisions go; `most_file` bytes a file may have, as on a disk that is full."""

    url: str
    spool: Path | None
    journal: bool = False
    bound: float = 1.0
    most_file: int | None = None

    def log(self) -> DecisionLog:
        return DecisionLog(
            connect(self.url),
            namespace=NAMESPACE,
            spool=self.spool,
            journal=self.journal,
            bound=self.bound,
        )


class Writer:
    """The process. `taken` are the ids that record() returned; more may be on their way."""

    def __init__(self, place: Place, served: ServedFeatures, name: str) -> None:
        ours, theirs = _FORK.Pipe(duplex=False)
        self.taken: list[str] = []
        self.refused = 0
        self._told = ours
        self._process = _FORK.Process(target=_write, args=(place, served, name, theirs))
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def wait_for(self, more: int) -> None:
        """Wait until so many more were taken."""
        until = len(self.taken) + more
        while len(self.taken) < until:
            self._hear(self._told.recv())

    def wait_for_refusals(self, more: int) -> None:
        until = self.refused + more
        while self.refused < until:
            self._hear(self._told.recv())

    def kill(self) -> None:
        """SIGKILL; what it had told until then counts."""
        if self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()
        while True:
            try:
                self._hear(self._told.recv())
            except (EOFError, OSError):
                return

    def _hear(self, told: str) -> None:
        if told == REFUSED:
            self.refused += 1
        else:
            self.taken.append(told)


def _write(place: Place, served: ServedFeatures, name: str, told: Any) -> None:
    if place.most_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (place.most_file, resource.RLIM_INFINITY))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    log, number = place.log(), 0
    while True:
        number += 1
        identity = f"{name} {number}"
        try:
            log.record(served, model_version="1", decision={"n": number}, decision_id=identity)
        except DecisionNotLogged:
            told.send(REFUSED)
        else:
            told.send(identity)


def drain(place: Place) -> None:
    """Send what the killed left behind, as the next process does."""
    log = place.log()
    log.check()
    until(lambda: log.waiting_bytes == 0)
    log.close()

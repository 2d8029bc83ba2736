"""Keys from JSON, which has no dates: one that is a date or a time travels as text."""

from collections.abc import Mapping

from provender.data_types import Codec, codec_for
from provender.errors import WrongKey, WrongValue
from provender.records import ServiceRecord

_TEXTUAL = {"date": "2026-03-02", "timestamp": "2026-03-02T08:00:00.000000"}


class PythonKeys:
    """Turns the keys of services into what the reader takes."""

    def __init__(self) -> None:
        """Begin with no service."""
        self._textual: dict[str, tuple[ServiceRecord, Mapping[str, Codec]]] = {}

    def of(self, service: ServiceRecord, keys: Mapping[str, object]) -> dict[str, object]:
        """Return keys with dates and times in the place of their text; raise WrongKey."""
        python = dict(keys)
        for name, codec in self._textual_keys(service).items():
            if isinstance(python.get(name), str):
                python[name] = _decoded(name, codec, python[name])
        return python

    def _textual_keys(self, service: ServiceRecord) -> Mapping[str, Codec]:
        made_from, codecs = self._textual.get(service.service, (None, {}))
        if made_from is not service:
            all_codecs = {key.name: codec_for(key.type) for key in service.keys}
            codecs = {name: codec for name, codec in all_codecs.items() if codec.name in _TEXTUAL}
            self._textual[service.service] = service, codecs
        return codecs


def _decoded(name: str, codec: Codec, text: object) -> object:
    try:
        return codec.decode(text)
    except WrongValue:
        raise WrongKey(
            f'Key {name!r}: the text is no {codec.name}. Write it as "{_TEXTUAL[codec.name]}".'
        ) from None

"""Receipts: what was served, signed, so that a client can carry it to the decision log unaltered.

Workers share no memory, and a client is not to be believed about what it was served. A receipt is
`<what was served>.<HMAC-SHA256 of it>`, both Base64; any worker that has the secret can check it.
"""

import hmac
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from provender.features import ServedFeatures
from provender.http.failures import ExpiredReceipt, ReceiptsOff, WrongReceipt
from provender.instants import utc_now
from provender.json_objects import dump, load
from provender.served_record import ServedRecord, served_record

_PURPOSE = b"provender receipt 1\n"
_NOT_OURS = "This receipt was not given by this server, or was altered. Read again, with a receipt."


@dataclass(frozen=True)
class Receipts:
    """Signs and checks for one namespace; `secret` None: neither.

    `write_down` makes of what was served what the decision log will hold.
    """

    secret: bytes | None
    namespace: str
    max_age: timedelta
    clock: Callable[[], datetime] = utc_now
    write_down: Callable[[ServedFeatures], ServedRecord] = served_record

    def check_on(self) -> None:
        """Raise ReceiptsOff when there is no secret."""
        if self.secret is None:
            raise ReceiptsOff(
                "This server gives no receipts. Set PROVENDER_RECEIPT_SECRET and start it again,"
                " or log the decision with DecisionLog."
            )

    def give(self, served: ServedFeatures, caller: str) -> str:
        """Return the receipt of what the API key `caller` was served.

        Raise ReceiptsOff, and DecisionNotLogged where there is no key for personal values.
        """
        self.check_on()
        record = self.write_down(served)._asdict()
        told = {"api_key": caller, "namespace": self.namespace, "served": record}
        packed = zlib.compress(dump(told).encode(), 1)
        return f"{b64encode(packed).decode()}.{b64encode(self._sign(packed)).decode()}"

    def take(self, receipt: str, caller: str) -> ServedRecord:
        """Return what was served; raise WrongReceipt, ExpiredReceipt and ReceiptsOff."""
        self.check_on()
        told = load(zlib.decompress(self._signed(receipt)))  # ours, so it does not burst
        if told["api_key"] != caller or told["namespace"] != self.namespace:
            raise WrongReceipt(
                "This receipt was given to another API key, or by another namespace."
                " Read again, with a receipt."
            )
        served = ServedRecord(**told["served"])
        if self.clock() - datetime.fromisoformat(served.read_at) > self.max_age:
            raise ExpiredReceipt(
                f"This receipt is of {served.read_at}, and is good for {self.max_age}."
                " Read again, or allow more by PROVENDER_RECEIPT_MAX_AGE."
            )
        return served

    def _signed(self, receipt: str) -> bytes:
        try:
            packed, signature = (b64decode(part, validate=True) for part in receipt.split("."))
        except ValueError:
            raise WrongReceipt(_NOT_OURS) from None
        if not hmac.compare_digest(signature, self._sign(packed)):
            raise WrongReceipt(_NOT_OURS)
        return packed

    def _sign(self, packed: bytes) -> bytes:
        assert self.secret is not None
        return hmac.digest(self.secret, _PURPOSE + packed, sha256)

"""The shapes in OpenAPI. Decisions are checked by them; reads by hand, for speed."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ReadBody(BaseModel):
    """One set of entity keys."""

    keys: dict[str, int | str | bool] = Field(
        description='By name. Dates as "2026-03-02", timestamps as "2026-03-02T08:00:00.000000".',
        examples=[{"customer_id": 42}],
    )
    receipt: bool = Field(False, description="Also give a receipt, to log a decision with.")


class ReadManyBody(BaseModel):
    """Several sets of entity keys."""

    keys: list[dict[str, int | str | bool]] = Field(examples=[[{"customer_id": 42}]])
    receipt: bool = Field(False, description="Also give a receipt for each.")


class Feature(BaseModel):
    """One feature as it was served."""

    value: Any = Field(description="By declared type, as docs/formats.md says.")
    status: str = Field(description="ok, stale, missing, not_computed, expired or unavailable.")
    is_default: bool
    view: str = Field(examples=["customer_activity@1"])
    renamed_to: str | None = Field(None, description="Only of one asked for by its old name.")


class View(BaseModel):
    """One view version as it was read; nulls when Redis could not be asked."""

    as_of: str | None
    age_us: int | None
    fingerprint: str
    generation: int


class Shadow(BaseModel):
    """What the other version of a view that is rolled out says: to compare, not to decide on."""

    features: dict[str, Feature]
    views: dict[str, View]


class ReadAnswer(BaseModel):
    """What was served for one set of keys."""

    service: str
    read_at: str
    keys: dict[str, int | str | bool]
    features: dict[str, Feature]
    views: dict[str, View]
    shadow: Shadow | None = Field(None, description="Only while a view is rolled out.")
    receipt: str | None = Field(None, description="Only where asked for.")


class ReadManyAnswer(BaseModel):
    """What was served for each set of keys, in the order asked for."""

    service: str
    results: list[ReadAnswer]


class DecisionBody(BaseModel):
    """A decision, and the receipt of the read it was taken on."""

    model_config = ConfigDict(strict=True)

    receipt: str
    model_version: str = Field(min_length=1, max_length=200)
    decision: dict[str, Any]
    request: dict[str, Any] | None = None
    outside: dict[str, Any] | None = Field(
        None, description="Features that did not come from the store, by name."
    )
    decision_id: str | None = Field(
        None, min_length=1, max_length=200, description="A fresh one unless given."
    )
    decided_at: str | None = Field(None, examples=["2026-03-02T08:00:00.000000Z"])


class DecisionAnswer(BaseModel):
    """The decision is durable."""

    decision_id: str


class State(BaseModel):
    """How the server is."""

    status: str


class Error(BaseModel):
    """What went wrong, and what to do."""

    error: str = Field(examples=["WrongKey"])
    message: str

"""Provender's light package: read features from Redis, log decisions."""

from provender.async_reader import AsyncFeatureReader
from provender.decision_log import DecisionLog
from provender.deprecation import DeprecatedFeatures
from provender.errors import (
    CorruptValue,
    DecisionNotLogged,
    FeatureUnavailable,
    InvalidNamespace,
    NamespaceOwned,
    ProvenderError,
    StoreUnavailable,
    UnknownFeature,
    UnknownFormat,
    UnknownName,
    UnknownNamespace,
    UnknownService,
    UnknownView,
    UnservableValue,
    WrongClient,
    WrongKey,
    WrongValue,
)
from provender.features import FeatureValue, ServedBatch, ServedFeatures, Status
from provender.reader import FeatureReader
from provender.row_cache import RowCache

__all__ = [
    "AsyncFeatureReader",
    "CorruptValue",
    "DecisionLog",
    "DecisionNotLogged",
    "DeprecatedFeatures",
    "FeatureReader",
    "FeatureUnavailable",
    "FeatureValue",
    "InvalidNamespace",
    "NamespaceOwned",
    "ProvenderError",
    "RowCache",
    "ServedBatch",
    "ServedFeatures",
    "Status",
    "StoreUnavailable",
    "UnknownFeature",
    "UnknownFormat",
    "UnknownName",
    "UnknownNamespace",
    "UnknownService",
    "UnknownView",
    "UnservableValue",
    "WrongClient",
    "WrongKey",
    "WrongValue",
]

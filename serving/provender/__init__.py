"""Provender's light package: read features from Redis, log decisions."""

from provender.decision_log import DecisionLog
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
from provender.features import FeatureValue, ServedFeatures, Status
from provender.reader import FeatureReader

__all__ = [
    "CorruptValue",
    "DecisionLog",
    "DecisionNotLogged",
    "FeatureReader",
    "FeatureUnavailable",
    "FeatureValue",
    "InvalidNamespace",
    "NamespaceOwned",
    "ProvenderError",
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

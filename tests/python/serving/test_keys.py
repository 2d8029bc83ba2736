"""Keys: one text for one entity, whatever is in it."""

import base64
import hashlib
import re
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from provender.errors import InvalidNamespace, WrongKey
from provender.keys import EntityKey, KeySpace

COLUMNS = [("a", "varchar"), ("n", "bigint"), ("b", "varchar"), ("f", "boolean")]
entities = st.tuples(
    st.text(
        alphabet=st.one_of(st.sampled_from("{}%,:a"), st.characters(exclude_categories=["Cs"]))
    ),
    st.integers(-(2**63), 2**63 - 1),
    st.text(
        alphabet=st.one_of(st.sampled_from("{}%,:a"), st.characters(exclude_categories=["Cs"]))
    ),
    st.booleans(),
)


@given(entities, entities)
def test_two_entities_never_share_a_key(left: tuple[Any, ...], right: tuple[Any, ...]) -> None:
    key = EntityKey(COLUMNS)
    assert (key.encode_row(left) == key.encode_row(right)) == (left == right)


@given(entities)
def test_the_hash_tag_is_the_whole_entity_key(entity: tuple[Any, ...]) -> None:
    text = EntityKey(COLUMNS).encode_row(entity)
    assert re.fullmatch(r"[A-Za-z0-9._~%,-]+", text)
    space = KeySpace("p.t")
    slots = {key_slot(space.row(view, 1, 7, text).encode()) for view in ("activity", "spend")}
    assert slots == {key_slot(text.encode())}


@pytest.mark.parametrize(
    ("data_type", "value", "text"),
    [
        ("bigint", -42, "-42"),
        ("integer", np.int32(7), "7"),
        ("hugeint", 2**100, str(2**100)),
        ("varchar", "", "%"),
        ("varchar", "%", "%25"),
        ("varchar", "a,b", "a%2Cb"),
        ("varchar", "{x}", "%7Bx%7D"),
        ("varchar", "é", "%C3%A9"),
        ("varchar", "A-z_0.9~", "A-z_0.9~"),
        ("boolean", True, "true"),
        ("boolean", False, "false"),
        ("date", date(2026, 1, 2), "2026-01-02"),
        ("timestamp", datetime(2026, 1, 2, 3, 4, 5, 6), "2026-01-02T03:04:05.000006"),
    ],
)
def test_key_texts_are_the_documented_ones(data_type: str, value: object, text: str) -> None:
    assert EntityKey([("k", data_type)]).encode({"k": value, "other": 1}) == text


def test_a_composite_key_keeps_the_declared_order() -> None:
    key = EntityKey([("b", "varchar"), ("a", "integer")])
    assert key.encode({"a": 1, "b": "x"}) == "x,1"
    assert key.names == ("b", "a")


@pytest.mark.parametrize(
    ("data_type", "value"),
    [
        ("bigint", "42"),
        ("bigint", True),
        ("bigint", 4.0),
        ("integer", 2**31),
        ("bigint", None),
        ("varchar", 42),
        ("varchar", "\udc00"),
        ("boolean", 1),
        ("date", "2026-01-01"),
        ("date", datetime(2026, 1, 1)),
    ],
)
def test_a_key_of_the_wrong_type_is_refused(data_type: str, value: object) -> None:
    with pytest.raises(WrongKey, match="Key 'k'"):
        EntityKey([("k", data_type)]).encode({"k": value})


@pytest.mark.parametrize("data_type", ["double", "decimal(9,0)", "blob"])
def test_a_type_that_identifies_nothing_is_refused(data_type: str) -> None:
    with pytest.raises(WrongKey, match="Key 'k'"):
        EntityKey([("k", data_type)])


def test_an_entity_without_keys_is_refused() -> None:
    with pytest.raises(WrongKey, match="at least one"):
        EntityKey([])


@pytest.mark.parametrize("namespace", ["", "A", "a b", "a{b}", "a:b", "a*", "a\n", "é"])
def test_a_namespace_cannot_break_out_of_its_keys(namespace: str) -> None:
    with pytest.raises(InvalidNamespace, match="the default is"):
        KeySpace(namespace)


def test_key_names_are_the_documented_ones() -> None:
    space = KeySpace("lender.prod")
    assert space.registry == "pv:{lender.prod}:registry"
    assert space.pushes == "pv:{lender.prod}:pushes"
    assert space.decisions == "pv:{lender.prod}:decisions"
    digest = hashlib.blake2b(b"lender.prod:activity@1", digest_size=5).digest()
    view_id = base64.b32encode(digest).decode().lower()[:7]
    assert space.view("activity", 1) == f"pv{view_id}" == "pvtpdzc3l"
    assert space.row_prefix("activity", 1, 7) == f"pv{view_id}7"
    assert space.row("activity", 1, 7, "42") == f"pv{view_id}7{{42}}"

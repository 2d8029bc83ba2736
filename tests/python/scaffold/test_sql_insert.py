"""A column gets into the SELECT that makes the result, and nothing else changes."""

import pytest

from provender_ops.errors import BadInput
from provender_ops.scaffold.sql_insert import add_column

HOUSE = """\
with payments as (

    select * from {{ ref('stg') }} -- from here

),

final as (

    select
        spine.id,
        extract(hour from payments.at) as hour,
        a is distinct from b as differs{comma} -- the last, from long ago{new}
    from {{ provender.spine('customer') }} as spine
    left join payments on {{ provender.in_window('payments.at', '7d', 'spine.as_of') }}
    group by spine.id

)

select * from final
"""


def house(comma: str = "", new: str = "") -> str:
    return HOUSE.replace("{comma}", comma).replace("{new}", new)


def test_it_is_the_last_of_its_list() -> None:
    assert add_column(house(), "max(x) as y", "m") == house(",", "\n        max(x) as y")


def test_a_model_without_a_final_cte() -> None:
    raw = "{{ config(tags=['a']) }}\nselect\n  a, /* b */ b\nfrom {{ ref('t') }} as t\n"
    assert add_column(raw, "c", "m") == raw.replace("b\nfrom", "b,\n  c\nfrom")


def test_the_star_is_followed_through_ctes() -> None:
    raw = "with a as (select 1 as x from t), b as (select * from a) select * from b"
    assert add_column(raw, "2 as y", "m") == raw.replace("1 as x", "1 as x,\n2 as y")


@pytest.mark.parametrize(
    "raw",
    [
        "with a as (select 1 as x from t union all select 2 from t) select * from a",
        "select x from a union all select x from b",
        "select * from {{ ref('t') }}",
        "{{ scheduled_life(['origin']) }}",
        "select *, 1 as x",
        "",
    ],
)
def test_what_does_not_end_in_one_list_is_refused(raw: str) -> None:
    with pytest.raises(BadInput, match="yourself: c as d"):
        add_column(raw, "c as d", "m.sql")

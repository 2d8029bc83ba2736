"""Nothing but the new item changes in somebody's YAML; what cannot be done safely is refused."""

import pytest
import yaml

from provender_ops.errors import BadInput
from provender_ops.scaffold.yaml_edit import add_item, without_items

ITEM = "- name: new\n  type: ml\n"
HOUSE = """\
# who reads what
exposures:
  - name: one  # the first
    type: ml

  # the second is
  # about to go
  - name: two
    owner: {name: "us"}
    text: >
      folded
      text

"""
OTHERS = {
    "no indent": "exposures:\n- name: one\n- name: two\nmodels: []\n",
    "a key after it": "exposures:\n  - name: one\n\n  - name: two\n\n# m\nmodels:\n  - name: m\n",
    "no newline at its end": "exposures:\n  - name: one",
    "Windows": "exposures:\r\n  - name: one\r\n\r\n  - name: two\r\n",
    "a comment at its end": "exposures:\n  - name: one\n  # and no more\n",
    "literal text": "exposures:\n  - name: one\n    description: |\n      two\n\n      lines\n\n",
    "empty": "",
    "only a comment": "# nothing yet\n",
    "another key": "models:\n  - name: m\n",
}


@pytest.mark.parametrize("text", [HOUSE, *OTHERS.values()], ids=["house", *OTHERS])
def test_an_item_is_added_and_every_other_line_stays(text: str) -> None:
    added = add_item(text, ["exposures"], ITEM, "_exposures.yml")

    before, after = text.splitlines(), added.splitlines()
    assert [line for line in after if line.strip() in {b.strip() for b in before}] != [] or not text
    lines = iter(after)
    assert all(line in lines for line in before if line.strip())  # in order, byte for byte
    names = [item["name"] for item in yaml.safe_load(added)["exposures"]]
    known = (yaml.safe_load(text) or {}).get("exposures") or []
    assert names == [*(item["name"] for item in known), "new"]
    assert ("\r\n" in added) == ("\r\n" in text)
    assert "\n\n\n" not in added.replace("\r", "").removeprefix(text)


def test_it_looks_as_the_others_do() -> None:
    added = add_item(HOUSE, ["exposures"], ITEM, "_exposures.yml")
    assert added == HOUSE.rstrip("\n") + "\n\n  - name: new\n    type: ml\n\n"
    tight = "models:\n  - name: m\n    columns:\n      - {name: a}\n"
    assert add_item(tight, COLUMNS, "- name: b", "m") == f"{tight}      - name: b\n"


COLUMNS = ["models", {"name": "m"}, "columns"]
VERSIONED = """\
models:
  - name: m
    columns:
      - name: a
    versions:
      - v: 1
        columns:
          - include: all
            exclude: [a]
      - v: 2
        description: The second.
  - name: other
"""


def test_a_list_that_is_not_there_is_begun_where_it_belongs() -> None:
    path = ["models", {"name": "m"}, "versions", {"v": 2}, "columns"]
    added = add_item(VERSIONED, path, "- include: all\n- name: b\n", "m.yml")
    new = "        columns:\n          - include: all\n          - name: b\n"
    assert added == VERSIONED.replace("The second.\n", f"The second.\n{new}")
    first = add_item(VERSIONED, [*path[:3], {"v": 1}, "columns"], "- name: b\n", "m.yml")
    assert first == VERSIONED.replace("[a]\n", "[a]\n          - name: b\n")


@pytest.mark.parametrize(
    "text",
    [
        "exposures: [{name: one}]\n",
        "exposures:\n",
        "exposures: &all\n  - name: one\nmodels: *all\n",
        "exposures:\n  - {name: one\n    }\n  - name: [unfinished\n",
        "- exposures\n",
    ],
)
def test_what_cannot_be_added_safely_is_refused_with_the_item(text: str) -> None:
    with pytest.raises(BadInput, match=r"(?s)_exposures.yml.*yourself:.*- name: new"):
        add_item(text, ["exposures"], ITEM, "_exposures.yml")


def test_items_are_taken_out_and_the_rest_stays() -> None:
    left = without_items(HOUSE, "exposures", ["one"], "x")
    assert (
        left
        == HOUSE.replace("  - name: one  # the first\n    type: ml\n\n", "").rstrip("\n") + "\n"
    )
    assert without_items(HOUSE, "exposures", ["three"], "x") == HOUSE
    assert (
        without_items("a: 1\n\nexposures:\n  - name: one\n", "exposures", ["one"], "x") == "a: 1\n"
    )
    both = add_item(HOUSE, ["exposures"], ITEM, "x")
    assert yaml.safe_load(without_items(both, "exposures", ["new"], "x")) == yaml.safe_load(HOUSE)
    with pytest.raises(BadInput, match="yourself"):
        without_items("exposures: [{name: one}, {name: two}]\n", "exposures", ["one"], "x")

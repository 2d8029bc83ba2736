"""Which view versions a command means: NAME, NAME@V or tag:NAME; nothing means all."""

from collections.abc import Iterable, Mapping, Sequence

from provender.keys import nearest, view_label
from provender_ops.errors import UnknownSelection

ViewVersion = tuple[str, int]
_TAG = "tag:"


def select_views(
    selectors: Sequence[str], tags: Mapping[ViewVersion, Iterable[str]]
) -> list[ViewVersion]:
    """Return the view versions that any selector names, in order.

    `tags` has an entry for each view version there is. Raise UnknownSelection.
    """
    if not selectors:
        return sorted(tags)
    return sorted({found for selector in selectors for found in _matches(selector, tags)})


def is_named(selectors: Sequence[str], view: str, version: int) -> bool:
    """Return whether any selector names the view version itself, and not by a tag."""
    return any(_is_meant(selector, (view, version), ()) for selector in selectors)


def _matches(selector: str, tags: Mapping[ViewVersion, Iterable[str]]) -> Iterable[ViewVersion]:
    found = [ref for ref, names in tags.items() if _is_meant(selector, ref, names)]
    if not found:
        raise _unknown(selector, tags)
    return found


def _is_meant(selector: str, ref: ViewVersion, tags: Iterable[str]) -> bool:
    if selector.startswith(_TAG):
        return selector.removeprefix(_TAG) in tags
    return selector in (ref[0], view_label(*ref))


def _unknown(selector: str, tags: Mapping[ViewVersion, Iterable[str]]) -> UnknownSelection:
    if selector.startswith(_TAG):
        what, name = "tag", selector.removeprefix(_TAG)
        known = {tag for names in tags.values() for tag in names}
    else:
        what, name = "view", selector
        known = {known for ref in tags for known in (ref[0], view_label(*ref))}
    views = ", ".join(sorted(known)) or "none"
    return UnknownSelection(
        f"No {what} {name!r} was built here.{nearest(name, known)} There is: {views}."
        " Correct --select, or run `dbt build` first."
    )

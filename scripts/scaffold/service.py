"""A new feature service: an exposure that names the views a model reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from provender_ops.errors import BadInput
from provender_ops.scaffold import style
from provender_ops.scaffold.changes import Change, read_text
from provender_ops.scaffold.checkout import Checkout, Node
from provender_ops.scaffold.yaml_edit import Step, add_item
from provender_ops.scaffold.yaml_text import described, indented, text


@dataclass(frozen=True)
class NewService:
    """What is decided of a new service. `owner` is (name, email), one of which may be empty."""

    name: str
    views: Sequence[Node]
    owner: tuple[str, str]
    latency_budget: str
    description: str | None


def service_changes(checkout: Checkout, service: NewService) -> list[Change]:
    """Return the file that declares it; raise BadInput for views that do not go together."""
    _check_features(checkout, service)
    _check_keys(checkout, service)
    item = _item(checkout, service)
    return [added(checkout, style.services_file(checkout), ["exposures"], item)]


def added(checkout: Checkout, path: object, steps: Sequence[Step], item: str) -> Change:
    """Return a YAML file with an item more in one of its lists, or a new file of that item."""
    from pathlib import Path  # noqa: PLC0415

    file = Path(str(path))
    if not (checkout.root / file).exists():
        (key,) = steps
        return Change(file, f"{key}:\n{indented(item, 2)}\n")
    before = read_text(checkout.root, file)
    return Change(file, add_item(before, steps, item, str(file)), before, item)


def _item(checkout: Checkout, service: NewService) -> str:
    label = service.name.replace("_", " ").capitalize()
    words = service.description or f"Reads {', '.join(view.label for view in service.views)}."
    config = style.shared_config(checkout, "exposures", checkout.services, ("meta",))
    name, email = service.owner
    lines = [
        f"- name: {service.name}",
        f"  label: {text(label)}",
        "  type: ml",
        described(words, 2),
        "  owner:",
        *([f"    name: {text(name)}"] if name else []),
        *([f"    email: {text(email)}"] if email else []),
        "  depends_on:",
        *(f"    - {view.ref(checkout.package)}" for view in service.views),
        "  config:",
        *style.config_lines(config, "    "),
        "    meta:",
        "      feature_service:",
        f"        latency_budget: {service.latency_budget}",
    ]
    return "\n".join(lines)


def _check_features(checkout: Checkout, service: NewService) -> None:
    """Two features of one name could not be told apart by the model."""
    seen: dict[str, str] = {}
    for view in service.views:
        keys = checkout.keys(checkout.entity_of(view))
        for column in view.columns:
            if column in keys or column == "as_of":
                continue
            if column in seen:
                raise BadInput(
                    f"{seen[column]} and {view.label} both have a feature {column!r}. Name the"
                    " features that it reads in `feature_service: {features: […]}` of an exposure"
                    " of your own, or rename one."
                )
            seen[column] = view.label


def _check_keys(checkout: Checkout, service: NewService) -> None:
    """A key that several views share has one type."""
    types: dict[str, tuple[str, str]] = {}
    for view in service.views:
        for key, type_ in checkout.keys(checkout.entity_of(view)).items():
            known = types.setdefault(key, (type_.lower(), view.label))
            if known[0] != type_.lower():
                raise BadInput(
                    f"Key {key!r} is a {known[0]} in {known[1]} and a {type_} in {view.label}. Give"
                    " it one type in all views of a service."
                )

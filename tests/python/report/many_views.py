"""A published project of many views, all of them well."""

from published_catalog import PublishedProject, minute

FEATURES = {f"feature_{number}": "integer" for number in range(10)}


def many_views(project: PublishedProject, count: int) -> None:
    """Publish so many views of ten features; each ran once, a minute into the story."""
    views = [
        project.view(f"view_{number:03}", keys={"id": "bigint"}, features=FEATURES)
        for number in range(count)
    ]
    project.build(views[0], minute(1), {1: tuple(range(10))})
    for view in views[1:]:
        project.copy(
            "runs",
            f"select '{view.name}' as view, 1 as version, '{view.history}' as history, 'f' as"
            f" fingerprint, timestamp '{minute(1)}' as as_of, timestamp '{minute(1)}' as ended_at,"
            " 1::bigint as row_count, 'i' as invocation_id, 'c' as git_commit",
        )
        stamp = f"as_of={minute(1):%Y%m%dT%H%M%S.%fZ}__{view.history}.parquet"
        (project.published / "runs/latest.parquet").rename(project.published / "runs" / stamp)
    project.publish()

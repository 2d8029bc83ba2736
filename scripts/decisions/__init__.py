"""The decision log on disk: landed, chained, made compact, kept as long as declared, verified."""

"""`provender new`: the files of a new view, feature, service or entity, and of a view's tests."""

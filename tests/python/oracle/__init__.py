"""The independent truth: every feature again, in plain Python.

Written from the descriptions in YAML and the rules of time in the design, not from the SQL, so that
a mistake in a model is not repeated here. Slow and obvious where the models are fast. Moments are
naive datetimes and mean UTC, to the microsecond.
"""

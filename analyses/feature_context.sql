{{ provender._feature_context_rows() }}

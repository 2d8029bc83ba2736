{{ provender._comparison_rows() }}

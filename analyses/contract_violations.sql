{{ provender._contract_violation_rows() }}

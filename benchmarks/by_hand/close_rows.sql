-- A row ends where its key has other values now, or is gone.
update history as kept
set valid_to = getvariable('as_of')
where
    kept.valid_to is null
    and not exists (
        select 1 from scores as new
        where
            kept.customer_id = new.customer_id
            and kept.credit_score is not distinct from new.credit_score
            and kept.open_loans is not distinct from new.open_loans
            and kept.late_payments is not distinct from new.late_payments
            and kept.balance is not distinct from new.balance
            and kept.credit_limit is not distinct from new.credit_limit
            and kept.utilisation is not distinct from new.utilisation
            and kept.mean_payment is not distinct from new.mean_payment
            and kept.segment is not distinct from new.segment
            and kept.is_salaried is not distinct from new.is_salaried
            and kept.last_login_at is not distinct from new.last_login_at
    )

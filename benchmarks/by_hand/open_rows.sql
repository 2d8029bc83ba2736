-- A key without an open row is new, or has just lost it.
insert into history
select
    new.*,
    getvariable('as_of') as valid_from,
    null as valid_to
from scores as new
where not exists (
    select 1 from history as kept
    where kept.customer_id = new.customer_id and kept.valid_to is null
)

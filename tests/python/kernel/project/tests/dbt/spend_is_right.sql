-- not source(): a test blocks the history only when all it reads is upstream of the history
select spend.* from {{ ref('spend') }} as spend, shop.switch as switch where switch.test_fails

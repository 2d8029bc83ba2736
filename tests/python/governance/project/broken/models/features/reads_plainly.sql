select spine.customer_id, spine.as_of, 1 as f
from {{ provender.spine('customer') }} as spine
left join {{ ref("bad_features") }} as bad on true
left join {{ provender.features_of('expires_early') }} as fine on true
left join {{ ref('provender', 'between') }} as between_them on true
left join {{ ref('versioned', v=1) }} as versioned on true

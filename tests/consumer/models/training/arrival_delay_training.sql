with carriers as (

    select * from {{ provender.features_at('carrier_delays', ref('flight_labels')) }}

),

routes as (

    select * from {{ provender.features_at('route_delays', ref('flight_labels')) }}

),

weather as (

    select * from {{ provender.features_at('origin_weather', ref('flight_labels')) }}

),

final as (

    select
        carriers.*,
        routes.flights_landed_7d,
        routes.mean_arrival_delay_7d,
        routes.worst_arrival_delay_7d,
        routes.top_carrier_7d,
        routes.is_shared_7d,
        weather.temperature_f,
        weather.wind_speed_mph,
        weather.visibility_miles,
        weather.precipitation_in,
        weather.observation_age_minutes
    from carriers
    inner join routes
        on carriers.flight_id = routes.flight_id
    inner join weather
        on carriers.flight_id = weather.flight_id

)

select * from final

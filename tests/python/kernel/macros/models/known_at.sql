select events.name, asked.as_of
from events, asked
where {{ provender.known_at('events', 'asked.as_of') }}

select * from {{ provender.features_at('steady', ref('labels'), keys={'id': 'subject'}, as_of='decided_at') }}

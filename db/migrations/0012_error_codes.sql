-- These errors were known again by how their message begins; from here on by their code.
update barline.runs set error = error || '{"code": "refused_key"}'
where jsonb_typeof(error) = 'object' and starts_with(error ->> 'message', 'The market API refused the key');--> statement-breakpoint
update barline.tasks set error = error || '{"code": "refused_key"}'
where jsonb_typeof(error) = 'object' and starts_with(error ->> 'message', 'The market API refused the key');--> statement-breakpoint
update barline.tries set error = error || '{"code": "refused_key"}'
where jsonb_typeof(error) = 'object' and starts_with(error ->> 'message', 'The market API refused the key');--> statement-breakpoint
update barline.runs set error = error || '{"code": "rate_limited"}'
where jsonb_typeof(error) = 'object' and starts_with(error ->> 'message', 'The market API asks for fewer calls');--> statement-breakpoint
update barline.tasks set error = error || '{"code": "rate_limited"}'
where jsonb_typeof(error) = 'object' and starts_with(error ->> 'message', 'The market API asks for fewer calls');--> statement-breakpoint
update barline.tries set error = error || '{"code": "rate_limited"}'
where jsonb_typeof(error) = 'object' and starts_with(error ->> 'message', 'The market API asks for fewer calls');

ALTER TABLE "barline"."test_results" ADD COLUMN "kind" text DEFAULT 'generic' NOT NULL;--> statement-breakpoint
ALTER TABLE "barline"."test_results" ADD COLUMN "column_name" text;--> statement-breakpoint
ALTER TABLE "barline"."test_results" ADD COLUMN "compiled_sql" text;--> statement-breakpoint
ALTER TABLE "barline"."test_results" ADD COLUMN "stored_in" text;
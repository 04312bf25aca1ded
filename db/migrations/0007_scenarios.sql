CREATE TABLE "barline"."scenarios" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."scenarios_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"request" jsonb NOT NULL,
	"metrics" jsonb NOT NULL,
	"equity_dates" date[] NOT NULL,
	"equity" double precision[] NOT NULL,
	"data_version" text NOT NULL,
	"ran_at" timestamp with time zone NOT NULL,
	"previous" jsonb,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE UNIQUE INDEX "scenarios_by_name" ON "barline"."scenarios" USING btree (lower("name")) WHERE "barline"."scenarios"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "scenarios_by_deletion" ON "barline"."scenarios" USING btree ("deleted_at");
CREATE TABLE "barline"."database_logins" (
	"role" text PRIMARY KEY NOT NULL,
	"password" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "barline"."sql_queries" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."sql_queries_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"text" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "barline"."sql_runs" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."sql_runs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"text" text NOT NULL,
	"purpose" text NOT NULL,
	"state" text NOT NULL,
	"key" text,
	"started_at" timestamp with time zone NOT NULL,
	"duration_ms" integer,
	"rows" bigint,
	"is_cut" boolean DEFAULT false NOT NULL,
	"error" text,
	"actor" text NOT NULL,
	"via" text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX "sql_queries_by_name" ON "barline"."sql_queries" USING btree (lower("name")) WHERE "barline"."sql_queries"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "sql_queries_by_deletion" ON "barline"."sql_queries" USING btree ("deleted_at");--> statement-breakpoint
CREATE INDEX "sql_runs_running" ON "barline"."sql_runs" USING btree ("started_at") WHERE "barline"."sql_runs"."state" = 'running';
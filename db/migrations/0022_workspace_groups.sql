CREATE TABLE "barline"."workspace_groups" (
	"name" text PRIMARY KEY NOT NULL,
	"state" text NOT NULL,
	"error" text,
	"error_file" text,
	"error_line" integer,
	"version" text NOT NULL,
	"checked_at" timestamp with time zone NOT NULL,
	"published_at" timestamp with time zone,
	"duration_ms" double precision,
	"run_id" bigint
);
--> statement-breakpoint
CREATE TABLE "barline"."workspace_nodes" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"file" text NOT NULL,
	"group_name" text NOT NULL,
	"state" text NOT NULL,
	"error" text,
	"error_file" text,
	"error_line" integer,
	"note" text,
	"built_at" timestamp with time zone,
	"duration_ms" double precision,
	"rows" bigint,
	"run_id" bigint,
	"tests_passed" integer NOT NULL,
	"tests_failed" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "barline"."workspace_readings" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"version" text,
	"problem" text,
	"read_at" timestamp with time zone NOT NULL
);

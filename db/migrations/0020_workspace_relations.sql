CREATE TABLE "barline"."workspace_relations" (
	"name" text PRIMARY KEY NOT NULL,
	"schema" text NOT NULL,
	"relation" text NOT NULL,
	"grain" text NOT NULL,
	"description" text NOT NULL,
	"columns" jsonb NOT NULL,
	"group_name" text NOT NULL,
	"published_at" timestamp with time zone NOT NULL
);

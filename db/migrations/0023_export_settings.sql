CREATE TABLE "barline"."export_settings" (
	"id" smallint PRIMARY KEY DEFAULT 1 NOT NULL,
	"mode" text,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_by" text,
	CONSTRAINT "export_settings_one_row" CHECK ("barline"."export_settings"."id" = 1)
);

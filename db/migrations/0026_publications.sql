CREATE TABLE "barline"."publications" (
	"id" smallint PRIMARY KEY DEFAULT 1 NOT NULL,
	"number" bigint NOT NULL,
	"published_at" timestamp with time zone NOT NULL,
	CONSTRAINT "publications_one_row" CHECK ("barline"."publications"."id" = 1)
);

CREATE TABLE "barline"."session_prints" (
	"session" date PRIMARY KEY NOT NULL,
	"lake_key" text NOT NULL,
	"hashes" bigint[] NOT NULL
);
--> statement-breakpoint
CREATE TABLE "barline"."universes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."universes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"types" text[],
	"tickers" text[],
	"since" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "barline"."rejects" ADD COLUMN "kind" text DEFAULT 'reject' NOT NULL;
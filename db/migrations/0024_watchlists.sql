CREATE TABLE "barline"."saved_screens" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."saved_screens_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"query" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "barline"."watched_tickers" (
	"watchlist_id" bigint NOT NULL,
	"ticker" text collate "C" NOT NULL,
	"security_id" text,
	"place" integer NOT NULL,
	"note" text DEFAULT '' NOT NULL,
	"added_at" timestamp with time zone NOT NULL,
	"removed_at" timestamp with time zone,
	CONSTRAINT "watched_tickers_watchlist_id_ticker_pk" PRIMARY KEY("watchlist_id","ticker")
);
--> statement-breakpoint
CREATE TABLE "barline"."watchlists" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."watchlists_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"place" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "barline"."scenarios" ADD COLUMN "starred_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "barline"."watched_tickers" ADD CONSTRAINT "watched_tickers_watchlist_id_watchlists_id_fk" FOREIGN KEY ("watchlist_id") REFERENCES "barline"."watchlists"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "saved_screens_by_name" ON "barline"."saved_screens" USING btree (lower("name")) WHERE "barline"."saved_screens"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "saved_screens_by_deletion" ON "barline"."saved_screens" USING btree ("deleted_at");--> statement-breakpoint
CREATE UNIQUE INDEX "watchlists_by_name" ON "barline"."watchlists" USING btree (lower("name")) WHERE "barline"."watchlists"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "watchlists_by_deletion" ON "barline"."watchlists" USING btree ("deleted_at");
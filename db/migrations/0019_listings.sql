CREATE TABLE "source_polygon_listings" (
	"ticker" text collate "C" NOT NULL,
	"listing" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"type" text,
	"active" boolean NOT NULL,
	"composite_figi" text,
	"cik" text,
	"primary_exchange" text,
	"delisted_on" date,
	"listed" boolean DEFAULT true NOT NULL,
	"placed_at" timestamp with time zone NOT NULL,
	"inserted_at" timestamp with time zone NOT NULL,
	CONSTRAINT "source_polygon_listings_ticker_listing_pk" PRIMARY KEY("ticker","listing")
);
--> statement-breakpoint
CREATE INDEX "source_polygon_listings_placed_at" ON "source_polygon_listings" USING btree ("placed_at");
--> statement-breakpoint
-- The lists are read again before the next bars: they tell now who held a label before.
DELETE FROM "barline"."reference_reads" WHERE "kind" = 'tickers';
CREATE TABLE "source_polygon_removed_bars" (
	"ticker" text collate "C" NOT NULL,
	"trade_date" date NOT NULL,
	"removed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "source_polygon_removed_bars_ticker_trade_date_pk" PRIMARY KEY("ticker","trade_date")
);
--> statement-breakpoint
CREATE INDEX "source_polygon_removed_bars_removed_at" ON "source_polygon_removed_bars" USING btree ("removed_at");
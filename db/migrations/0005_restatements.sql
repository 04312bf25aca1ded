CREATE TABLE "source_polygon_stock_bars_restatements" (
	"ticker" text collate "C" NOT NULL,
	"trade_date" date NOT NULL,
	"open" numeric NOT NULL,
	"high" numeric NOT NULL,
	"low" numeric NOT NULL,
	"close" numeric NOT NULL,
	"volume" numeric NOT NULL,
	"vwap" numeric,
	"transactions" bigint,
	"stated_at" timestamp with time zone NOT NULL,
	"replaced_at" timestamp with time zone NOT NULL,
	CONSTRAINT "source_polygon_stock_bars_restatements_pk" PRIMARY KEY("ticker","trade_date","stated_at")
);
--> statement-breakpoint
CREATE INDEX "source_polygon_stock_bars_restatements_replaced_at" ON "source_polygon_stock_bars_restatements" USING btree ("replaced_at");
--> statement-breakpoint
CREATE FUNCTION "barline"."keep_restated_bars"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO "public"."source_polygon_stock_bars_restatements"
		("ticker", "trade_date", "open", "high", "low", "close", "volume", "vwap", "transactions", "stated_at", "replaced_at")
	SELECT before."ticker", before."trade_date", before."open", before."high", before."low", before."close", before."volume",
		before."vwap", before."transactions", before."inserted_at", after."inserted_at"
	FROM before INNER JOIN after ON after."ticker" = before."ticker" AND after."trade_date" = before."trade_date"
	WHERE after."inserted_at" > before."inserted_at"
		AND (before."open", before."high", before."low", before."close", before."volume", before."vwap", before."transactions")
			IS DISTINCT FROM (after."open", after."high", after."low", after."close", after."volume", after."vwap", after."transactions")
	-- A bar that was removed by hand and written again may repeat a stamp; what was said first is kept.
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "keep_restated_bars" AFTER UPDATE ON "source_polygon_stock_bars_daily"
	REFERENCING OLD TABLE AS before NEW TABLE AS after
	FOR EACH STATEMENT EXECUTE FUNCTION "barline"."keep_restated_bars"();
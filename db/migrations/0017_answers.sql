CREATE TABLE "barline"."doubtful_bars" (
	"ticker" text collate "C" NOT NULL,
	"trade_date" date NOT NULL,
	"sequence" bigint NOT NULL,
	"lake_key" text NOT NULL,
	"since" timestamp with time zone NOT NULL,
	CONSTRAINT "doubtful_bars_ticker_trade_date_pk" PRIMARY KEY("ticker","trade_date")
);
--> statement-breakpoint
CREATE TABLE "barline"."loaded_answers" (
	"sequence" bigint NOT NULL,
	"lake_key" text NOT NULL,
	"merged_at" timestamp with time zone NOT NULL,
	"ticker" text collate "C",
	"from_date" date NOT NULL,
	"to_date" date NOT NULL,
	"bars" integer NOT NULL,
	"complete" boolean NOT NULL,
	CONSTRAINT "loaded_answers_sequence_lake_key_merged_at_pk" PRIMARY KEY("sequence","lake_key","merged_at")
);
--> statement-breakpoint
CREATE TABLE "source_polygon_withdrawn_bars" (
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
	"earlier_key" text,
	"doubted_key" text NOT NULL,
	"later_key" text NOT NULL,
	"sequence" bigint NOT NULL,
	"withdrawn_at" timestamp with time zone NOT NULL,
	"returned_at" timestamp with time zone,
	CONSTRAINT "source_polygon_withdrawn_bars_ticker_trade_date_withdrawn_at_pk" PRIMARY KEY("ticker","trade_date","withdrawn_at")
);
--> statement-breakpoint
CREATE TABLE "barline"."recheck_rounds" (
	"job_id" text NOT NULL,
	"series" text NOT NULL,
	"round" text NOT NULL,
	"queued_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "recheck_rounds_job_id_series_pk" PRIMARY KEY("job_id","series")
);
--> statement-breakpoint
ALTER TABLE "source_polygon_stock_bars_restatements" ADD COLUMN "stated_key" text;--> statement-breakpoint
ALTER TABLE "source_polygon_stock_bars_restatements" ADD COLUMN "replaced_key" text;--> statement-breakpoint
CREATE INDEX "loaded_answers_by_merge" ON "barline"."loaded_answers" USING btree ("merged_at");--> statement-breakpoint
CREATE INDEX "loaded_answers_by_date" ON "barline"."loaded_answers" USING btree ("from_date","to_date","ticker");
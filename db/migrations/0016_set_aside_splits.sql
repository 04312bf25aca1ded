ALTER TABLE "source_polygon_dividends" DROP CONSTRAINT "source_polygon_dividends_ticker_ex_dividend_date_cash_amount_pk";--> statement-breakpoint
ALTER TABLE "source_polygon_dividends" ADD COLUMN "distribution_type" text;--> statement-breakpoint
ALTER TABLE "source_polygon_splits" ADD COLUMN "adjustment_type" text;--> statement-breakpoint
ALTER TABLE "source_polygon_splits" ADD COLUMN "set_aside" text;--> statement-breakpoint
ALTER TABLE "source_polygon_splits" ADD COLUMN "decision" text;--> statement-breakpoint
ALTER TABLE "source_polygon_splits" ADD COLUMN "decided_by" text;--> statement-breakpoint
ALTER TABLE "source_polygon_splits" ADD COLUMN "decided_why" text;--> statement-breakpoint
ALTER TABLE "source_polygon_splits" ADD COLUMN "decided_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "source_polygon_splits_execution_date" ON "source_polygon_splits" USING btree ("execution_date");--> statement-breakpoint
ALTER TABLE "source_polygon_dividends" ADD CONSTRAINT "source_polygon_dividends_key" UNIQUE NULLS NOT DISTINCT("ticker","ex_dividend_date","cash_amount","distribution_type","currency");--> statement-breakpoint
ALTER TABLE "source_polygon_splits" ADD CONSTRAINT "source_polygon_splits_set_aside" CHECK (set_aside in ('type', 'ratio', 'prices', 'hand'));--> statement-breakpoint
ALTER TABLE "source_polygon_splits" ADD CONSTRAINT "source_polygon_splits_decision" CHECK (decision in ('counts', 'set_aside'));--> statement-breakpoint
-- The next reading is of everything, so that what was read without a type gets one, and every split is judged.
DELETE FROM "barline"."reference_reads" WHERE "kind" IN ('splits_whole', 'dividends_whole');
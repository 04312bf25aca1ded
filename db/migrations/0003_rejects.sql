CREATE INDEX "rejects_by_reason" ON "barline"."rejects" USING btree ("reason","id");--> statement-breakpoint
CREATE INDEX "rejects_by_session" ON "barline"."rejects" USING btree ("trade_date","id");--> statement-breakpoint
CREATE INDEX "rejects_by_ticker" ON "barline"."rejects" USING btree (left("ticker", 64),"id");
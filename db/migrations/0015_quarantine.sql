CREATE TABLE "barline"."quarantined_bars" (
	"quarantine_id" bigint NOT NULL,
	"ticker" text collate "C" NOT NULL,
	"trade_date" date NOT NULL,
	"open" numeric NOT NULL,
	"high" numeric NOT NULL,
	"low" numeric NOT NULL,
	"close" numeric NOT NULL,
	"volume" numeric NOT NULL,
	"vwap" numeric,
	"transactions" bigint,
	"test" text NOT NULL,
	"reason" text NOT NULL,
	"lake_key" text,
	"run_id" bigint NOT NULL,
	"held_at" timestamp with time zone NOT NULL,
	"replaced_at" timestamp with time zone,
	CONSTRAINT "quarantined_bars_quarantine_id_trade_date_held_at_pk" PRIMARY KEY("quarantine_id","trade_date","held_at")
);
--> statement-breakpoint
CREATE TABLE "barline"."quarantines" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."quarantines_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"ticker" text collate "C" NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"test" text NOT NULL,
	"reason" text NOT NULL,
	"run_id" bigint NOT NULL,
	"state" text DEFAULT 'held' NOT NULL,
	"decided_at" timestamp with time zone,
	"decided_by" text,
	"decision" text
);
--> statement-breakpoint
ALTER TABLE "barline"."quarantined_bars" ADD CONSTRAINT "quarantined_bars_quarantine_id_quarantines_id_fk" FOREIGN KEY ("quarantine_id") REFERENCES "barline"."quarantines"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."quarantined_bars" ADD CONSTRAINT "quarantined_bars_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "barline"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."quarantines" ADD CONSTRAINT "quarantines_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "barline"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "quarantined_bars_by_key" ON "barline"."quarantined_bars" USING btree ("ticker","trade_date");--> statement-breakpoint
CREATE INDEX "quarantined_bars_by_run" ON "barline"."quarantined_bars" USING btree ("run_id");--> statement-breakpoint
CREATE UNIQUE INDEX "quarantines_held" ON "barline"."quarantines" USING btree ("ticker") WHERE state = 'held';--> statement-breakpoint
CREATE INDEX "quarantines_by_time" ON "barline"."quarantines" USING btree ("since");
CREATE SCHEMA "barline";
--> statement-breakpoint
CREATE TABLE "barline"."backfills" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."backfills_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"job_id" text NOT NULL,
	"state" text DEFAULT 'running' NOT NULL,
	"from_partition" text NOT NULL,
	"to_partition" text NOT NULL,
	"reprocess" text NOT NULL,
	"plan" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "barline"."dataset_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."dataset_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"dataset" text NOT NULL,
	"run_id" bigint NOT NULL,
	"task_id" bigint NOT NULL,
	"payload" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "source_polygon_dividends" (
	"ticker" text collate "C" NOT NULL,
	"ex_dividend_date" date NOT NULL,
	"cash_amount" numeric NOT NULL,
	"currency" text,
	"frequency" integer,
	"pay_date" date,
	"active" boolean DEFAULT true NOT NULL,
	"inserted_at" timestamp with time zone NOT NULL,
	CONSTRAINT "source_polygon_dividends_ticker_ex_dividend_date_cash_amount_pk" PRIMARY KEY("ticker","ex_dividend_date","cash_amount")
);
--> statement-breakpoint
CREATE TABLE "barline"."event_claims" (
	"job_id" text NOT NULL,
	"event_id" bigint NOT NULL,
	"run_id" bigint NOT NULL,
	"claimed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "event_claims_job_id_event_id_pk" PRIMARY KEY("job_id","event_id")
);
--> statement-breakpoint
CREATE TABLE "barline"."jobs" (
	"id" text PRIMARY KEY NOT NULL,
	"paused" boolean DEFAULT false NOT NULL,
	"schedule_after" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "barline"."model_results" (
	"run_id" bigint NOT NULL,
	"name" text NOT NULL,
	"materialization" text NOT NULL,
	"action" text NOT NULL,
	"rows" bigint,
	"duration_ms" double precision NOT NULL,
	"error" text,
	"finished_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "model_results_run_id_name_pk" PRIMARY KEY("run_id","name")
);
--> statement-breakpoint
CREATE TABLE "barline"."rate_limit_calls" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."rate_limit_calls_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "barline"."reference_reads" (
	"kind" text PRIMARY KEY NOT NULL,
	"covers_from" date,
	"read_at" timestamp with time zone NOT NULL,
	"rows" integer NOT NULL,
	"calls" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "barline"."rejects" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."rejects_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"run_id" bigint NOT NULL,
	"batch" integer NOT NULL,
	"ticker" text,
	"trade_date" text,
	"reason" text NOT NULL,
	"lake_key" text NOT NULL,
	"row" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "barline"."run_partitions" (
	"job_id" text NOT NULL,
	"partition" text NOT NULL,
	"run_id" bigint NOT NULL,
	CONSTRAINT "run_partitions_job_id_partition_pk" PRIMARY KEY("job_id","partition")
);
--> statement-breakpoint
CREATE TABLE "barline"."runs" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."runs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"job_id" text NOT NULL,
	"state" text DEFAULT 'queued' NOT NULL,
	"trigger" text NOT NULL,
	"partition" text,
	"partition_to" text,
	"backfill_id" bigint,
	"priority" integer DEFAULT 0 NOT NULL,
	"parameters" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"summary" jsonb,
	"error" jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "source_polygon_splits" (
	"ticker" text collate "C" NOT NULL,
	"execution_date" date NOT NULL,
	"split_from" numeric NOT NULL,
	"split_to" numeric NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	"inserted_at" timestamp with time zone NOT NULL,
	CONSTRAINT "source_polygon_splits_ticker_execution_date_pk" PRIMARY KEY("ticker","execution_date"),
	CONSTRAINT "source_polygon_splits_ratio" CHECK (split_from > 0 and split_to > 0)
);
--> statement-breakpoint
CREATE UNLOGGED TABLE "barline"."staging_stock_bars" (
	"run_id" bigint NOT NULL,
	"batch" integer NOT NULL,
	"sequence" bigint NOT NULL,
	"requested" boolean NOT NULL,
	"ticker" text collate "C" NOT NULL,
	"trade_date" date NOT NULL,
	"open" numeric NOT NULL,
	"high" numeric NOT NULL,
	"low" numeric NOT NULL,
	"close" numeric NOT NULL,
	"volume" numeric NOT NULL,
	"vwap" numeric,
	"transactions" bigint
);
--> statement-breakpoint
CREATE TABLE "source_polygon_stock_bars_daily" (
	"ticker" text collate "C" NOT NULL,
	"trade_date" date NOT NULL,
	"open" numeric NOT NULL,
	"high" numeric NOT NULL,
	"low" numeric NOT NULL,
	"close" numeric NOT NULL,
	"volume" numeric NOT NULL,
	"vwap" numeric,
	"transactions" bigint,
	"inserted_at" timestamp with time zone NOT NULL,
	CONSTRAINT "source_polygon_stock_bars_daily_ticker_trade_date_pk" PRIMARY KEY("ticker","trade_date"),
	CONSTRAINT "source_polygon_stock_bars_daily_high_low" CHECK (high >= low)
);
--> statement-breakpoint
CREATE TABLE "barline"."task_logs" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."task_logs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"task_id" bigint NOT NULL,
	"try" integer NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"level" text NOT NULL,
	"message" text NOT NULL,
	"fields" jsonb
);
--> statement-breakpoint
CREATE TABLE "barline"."tasks" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."tasks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"run_id" bigint NOT NULL,
	"job_id" text NOT NULL,
	"name" text NOT NULL,
	"step" integer NOT NULL,
	"map_index" integer DEFAULT 0 NOT NULL,
	"state" text NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"input" jsonb,
	"output" jsonb,
	"error" jsonb,
	"progress_done" double precision,
	"progress_total" double precision,
	"progress_unit" text,
	"priority" integer DEFAULT 0 NOT NULL,
	"available_at" timestamp with time zone DEFAULT now() NOT NULL,
	"lease_owner" text,
	"lease_expires_at" timestamp with time zone,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "barline"."test_results" (
	"run_id" bigint NOT NULL,
	"name" text NOT NULL,
	"subject" text NOT NULL,
	"status" text NOT NULL,
	"severity" text NOT NULL,
	"failures" bigint NOT NULL,
	"sample" jsonb,
	"message" text,
	"duration_ms" double precision NOT NULL,
	"finished_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "test_results_run_id_name_pk" PRIMARY KEY("run_id","name")
);
--> statement-breakpoint
CREATE TABLE "source_polygon_tickers" (
	"ticker" text collate "C" PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"type" text,
	"active" boolean NOT NULL,
	"primary_exchange" text,
	"delisted_on" date,
	"inserted_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "barline"."tries" (
	"task_id" bigint NOT NULL,
	"number" integer NOT NULL,
	"state" text NOT NULL,
	"owner" text NOT NULL,
	"error" jsonb,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "tries_task_id_number_pk" PRIMARY KEY("task_id","number")
);
--> statement-breakpoint
ALTER TABLE "barline"."dataset_events" ADD CONSTRAINT "dataset_events_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "barline"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."dataset_events" ADD CONSTRAINT "dataset_events_task_id_tasks_id_fk" FOREIGN KEY ("task_id") REFERENCES "barline"."tasks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."event_claims" ADD CONSTRAINT "event_claims_event_id_dataset_events_id_fk" FOREIGN KEY ("event_id") REFERENCES "barline"."dataset_events"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."event_claims" ADD CONSTRAINT "event_claims_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "barline"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."model_results" ADD CONSTRAINT "model_results_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "barline"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."rejects" ADD CONSTRAINT "rejects_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "barline"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."run_partitions" ADD CONSTRAINT "run_partitions_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "barline"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."runs" ADD CONSTRAINT "runs_backfill_id_backfills_id_fk" FOREIGN KEY ("backfill_id") REFERENCES "barline"."backfills"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."task_logs" ADD CONSTRAINT "task_logs_task_id_tasks_id_fk" FOREIGN KEY ("task_id") REFERENCES "barline"."tasks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."tasks" ADD CONSTRAINT "tasks_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "barline"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."test_results" ADD CONSTRAINT "test_results_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "barline"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."tries" ADD CONSTRAINT "tries_task_id_tasks_id_fk" FOREIGN KEY ("task_id") REFERENCES "barline"."tasks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dataset_events_by_dataset" ON "barline"."dataset_events" USING btree ("dataset","id");--> statement-breakpoint
CREATE INDEX "dataset_events_by_run" ON "barline"."dataset_events" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "event_claims_by_run" ON "barline"."event_claims" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "rate_limit_calls_by_name" ON "barline"."rate_limit_calls" USING btree ("name","at");--> statement-breakpoint
CREATE INDEX "rejects_by_run" ON "barline"."rejects" USING btree ("run_id","id");--> statement-breakpoint
CREATE INDEX "rejects_by_key" ON "barline"."rejects" USING btree ("lake_key");--> statement-breakpoint
CREATE INDEX "run_partitions_by_run" ON "barline"."run_partitions" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "runs_by_job" ON "barline"."runs" USING btree ("job_id","id");--> statement-breakpoint
CREATE INDEX "runs_active" ON "barline"."runs" USING btree ("job_id","priority" DESC NULLS FIRST,"partition","id") WHERE state in ('queued', 'running');--> statement-breakpoint
CREATE INDEX "runs_by_backfill" ON "barline"."runs" USING btree ("backfill_id");--> statement-breakpoint
CREATE INDEX "runs_failed" ON "barline"."runs" USING btree ("finished_at") WHERE state = 'failed';--> statement-breakpoint
CREATE INDEX "source_polygon_splits_inserted_at" ON "source_polygon_splits" USING btree ("inserted_at");--> statement-breakpoint
CREATE INDEX "source_polygon_stock_bars_daily_inserted_at" ON "source_polygon_stock_bars_daily" USING btree ("inserted_at");--> statement-breakpoint
CREATE INDEX "task_logs_by_task" ON "barline"."task_logs" USING btree ("task_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "tasks_of_run" ON "barline"."tasks" USING btree ("run_id","step","map_index");--> statement-breakpoint
CREATE INDEX "tasks_to_claim" ON "barline"."tasks" USING btree ("priority" DESC NULLS FIRST,"id") WHERE state = 'queued';--> statement-breakpoint
CREATE INDEX "tasks_running" ON "barline"."tasks" USING btree ("lease_owner") WHERE state = 'running';
CREATE TABLE "barline"."credentials" (
	"name" text PRIMARY KEY NOT NULL,
	"hash" text NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "barline"."sign_ins" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"address" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "barline"."alert_deliveries" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."alert_deliveries_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"alert_id" bigint,
	"event" text NOT NULL,
	"channel" text NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone DEFAULT now() NOT NULL,
	"error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"delivered_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "barline"."alerts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."alerts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"key" text NOT NULL,
	"kind" text NOT NULL,
	"title" text NOT NULL,
	"message" text NOT NULL,
	"advice" text,
	"path" text NOT NULL,
	"opened_at" timestamp with time zone DEFAULT now() NOT NULL,
	"resolved_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "barline"."housekeeping_runs" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."housekeeping_runs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"trigger" text NOT NULL,
	"removed" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"error" text,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "barline"."retention" (
	"id" smallint PRIMARY KEY DEFAULT 1 NOT NULL,
	"logs_days" integer DEFAULT 90,
	"tries_days" integer DEFAULT 365,
	"events_days" integer DEFAULT 365,
	"rejects_days" integer DEFAULT 365,
	"results_days" integer DEFAULT 365,
	"alerts_days" integer DEFAULT 365,
	"lake_days" integer,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_by" text,
	CONSTRAINT "retention_one_row" CHECK ("barline"."retention"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "barline"."actions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."actions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"via" text NOT NULL,
	"kind" text NOT NULL,
	"job_id" text,
	"run_id" bigint,
	"task_id" bigint,
	"backfill_id" bigint,
	"reason" text,
	"details" jsonb
);
--> statement-breakpoint
CREATE TABLE "barline"."pending_events" (
	"job_id" text NOT NULL,
	"event_id" bigint NOT NULL,
	CONSTRAINT "pending_events_job_id_event_id_pk" PRIMARY KEY("job_id","event_id")
);
--> statement-breakpoint
CREATE TABLE "barline"."processes" (
	"owner" text PRIMARY KEY NOT NULL,
	"host" text NOT NULL,
	"pid" integer NOT NULL,
	"version" text NOT NULL,
	"workers" integer NOT NULL,
	"leader" boolean DEFAULT false NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"heartbeat_at" timestamp with time zone DEFAULT now() NOT NULL,
	"stopped_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "barline"."subscriptions" (
	"job_id" text NOT NULL,
	"dataset" text NOT NULL,
	CONSTRAINT "subscriptions_dataset_job_id_pk" PRIMARY KEY("dataset","job_id")
);
--> statement-breakpoint
ALTER TABLE "barline"."backfills" ADD COLUMN "paused" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "barline"."backfills" ADD COLUMN "concurrency" integer;--> statement-breakpoint
ALTER TABLE "barline"."backfills" ADD COLUMN "run_order" text DEFAULT 'oldest' NOT NULL;--> statement-breakpoint
ALTER TABLE "barline"."tasks" ADD COLUMN "marked" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "barline"."tasks" ADD COLUMN "losses" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "barline"."alert_deliveries" ADD CONSTRAINT "alert_deliveries_alert_id_alerts_id_fk" FOREIGN KEY ("alert_id") REFERENCES "barline"."alerts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."actions" ADD CONSTRAINT "actions_run_id_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "barline"."runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."actions" ADD CONSTRAINT "actions_task_id_tasks_id_fk" FOREIGN KEY ("task_id") REFERENCES "barline"."tasks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."actions" ADD CONSTRAINT "actions_backfill_id_backfills_id_fk" FOREIGN KEY ("backfill_id") REFERENCES "barline"."backfills"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."pending_events" ADD CONSTRAINT "pending_events_event_id_dataset_events_id_fk" FOREIGN KEY ("event_id") REFERENCES "barline"."dataset_events"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "sign_ins_by_expiry" ON "barline"."sign_ins" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "alert_deliveries_waiting" ON "barline"."alert_deliveries" USING btree ("next_attempt_at") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "alert_deliveries_by_alert" ON "barline"."alert_deliveries" USING btree ("alert_id");--> statement-breakpoint
CREATE UNIQUE INDEX "alerts_open" ON "barline"."alerts" USING btree ("key") WHERE resolved_at is null;--> statement-breakpoint
CREATE INDEX "alerts_by_time" ON "barline"."alerts" USING btree ("opened_at");--> statement-breakpoint
CREATE INDEX "actions_by_run" ON "barline"."actions" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "actions_by_backfill" ON "barline"."actions" USING btree ("backfill_id");--> statement-breakpoint
CREATE INDEX "actions_by_job" ON "barline"."actions" USING btree ("job_id","id");
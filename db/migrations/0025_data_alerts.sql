CREATE TABLE "barline"."data_alert_crossings" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."data_alert_crossings_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"data_alert_id" bigint NOT NULL,
	"alert_id" bigint NOT NULL,
	"session" date NOT NULL,
	"direction" text NOT NULL,
	"key" text NOT NULL,
	"ticker" text collate "C" NOT NULL,
	"figures" text NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "barline"."data_alerts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."data_alerts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"screen_id" bigint,
	"ticker" text collate "C",
	"security_id" text,
	"column_name" text,
	"operator" text,
	"value" text,
	"tells_leaving" boolean DEFAULT false NOT NULL,
	"tells_at_once" boolean DEFAULT false NOT NULL,
	"paused" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"created_by" text NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"deleted_at" timestamp with time zone,
	"checked_mark" text,
	"checked_at" timestamp with time zone,
	"checked_session" date,
	"checked_query" text,
	"members" text[],
	"problem" text
);
--> statement-breakpoint
ALTER TABLE "barline"."data_alert_crossings" ADD CONSTRAINT "data_alert_crossings_data_alert_id_data_alerts_id_fk" FOREIGN KEY ("data_alert_id") REFERENCES "barline"."data_alerts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."data_alert_crossings" ADD CONSTRAINT "data_alert_crossings_alert_id_alerts_id_fk" FOREIGN KEY ("alert_id") REFERENCES "barline"."alerts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "barline"."data_alerts" ADD CONSTRAINT "data_alerts_screen_id_saved_screens_id_fk" FOREIGN KEY ("screen_id") REFERENCES "barline"."saved_screens"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "data_alert_crossings_once" ON "barline"."data_alert_crossings" USING btree ("data_alert_id","session","direction","key");--> statement-breakpoint
CREATE INDEX "data_alert_crossings_by_alert" ON "barline"."data_alert_crossings" USING btree ("alert_id");--> statement-breakpoint
CREATE UNIQUE INDEX "data_alerts_by_name" ON "barline"."data_alerts" USING btree (lower("name")) WHERE "barline"."data_alerts"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "data_alerts_by_deletion" ON "barline"."data_alerts" USING btree ("deleted_at");--> statement-breakpoint
CREATE INDEX "data_alerts_by_screen" ON "barline"."data_alerts" USING btree ("screen_id");
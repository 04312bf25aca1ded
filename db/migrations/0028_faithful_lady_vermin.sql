CREATE TABLE "barline"."research_pieces" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "barline"."research_pieces_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"sweep_id" bigint,
	"input" jsonb NOT NULL,
	"state" text DEFAULT 'queued' NOT NULL,
	"losses" integer DEFAULT 0 NOT NULL,
	"lease_owner" text,
	"lease_expires_at" timestamp with time zone,
	"output" "bytea",
	"error" jsonb,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "barline"."processes" ADD COLUMN "roles" text[] DEFAULT '{web,schedule,work,sweep}' NOT NULL;--> statement-breakpoint
ALTER TABLE "barline"."research_pieces" ADD CONSTRAINT "research_pieces_sweep_id_sweeps_id_fk" FOREIGN KEY ("sweep_id") REFERENCES "barline"."sweeps"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "research_pieces_by_sweep" ON "barline"."research_pieces" USING btree ("sweep_id");--> statement-breakpoint
CREATE INDEX "research_pieces_to_claim" ON "barline"."research_pieces" USING btree ("id") WHERE state = 'queued';--> statement-breakpoint
CREATE INDEX "research_pieces_running" ON "barline"."research_pieces" USING btree ("lease_owner") WHERE state = 'running';--> statement-breakpoint
ALTER TABLE "barline"."sweeps" DROP COLUMN "beat_at";
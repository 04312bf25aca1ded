CREATE UNLOGGED TABLE "barline"."compared_bars" (
	"ticker" text collate "C" NOT NULL,
	"trade_date" date NOT NULL,
	"open" numeric NOT NULL,
	"high" numeric NOT NULL,
	"low" numeric NOT NULL,
	"close" numeric NOT NULL,
	"volume" numeric NOT NULL,
	"vwap" numeric,
	"transactions" bigint,
	"is_new" boolean NOT NULL,
	"is_revised" boolean NOT NULL
);

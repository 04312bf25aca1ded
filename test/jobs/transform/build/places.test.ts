import { describe, expect, test } from "bun:test";
import { createPlaces } from "../../../../jobs/transform/build/places.ts";

const places = createPlaces("shop");
places.move({ schema: "public", identifier: "orders" }, { schema: "work", identifier: "orders" });

describe("a statement on published names", () => {
  const cases: [string, string, string][] = [
    ["of two parts", 'select * from "public"."orders"', 'select * from "work"."orders"'],
    ["of three", 'select * from "shop"."public"."orders" as o', 'select * from "work"."orders" as o'],
    [
      "without quotes, in any case",
      "select public.Orders.id from PUBLIC.orders",
      'select "work"."orders".id from "work"."orders"',
    ],
    [
      "in a function's text",
      "do $x$ begin delete from public.orders; end $x$",
      'do $x$ begin delete from "work"."orders"; end $x$',
    ],
  ];
  test.each(cases)("is redirected: a name %s", (_, sql, redirected) => {
    expect(places.redirect(sql)).toBe(redirected);
  });

  test.each([
    `select '"public"."orders"', 'it''s public.orders'`,
    "select e'\\'public.orders'",
    "select 1 -- public.orders, that's it\n/* public.orders */",
    'select "public.orders", orders.id, o.orders from "other"."orders" as orders',
    'select * from "elsewhere"."public"."orders"',
  ])("is left as it is: %s", (sql) => {
    expect(places.redirect(sql)).toBe(sql);
  });
});

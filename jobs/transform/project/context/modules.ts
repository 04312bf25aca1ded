import { datetimeModule, pytzModule } from "../../jinja/times/module.ts";
import { Thing } from "../../jinja/values.ts";
import { itertoolsModule } from "./itertools.ts";
import { regularExpressionModule } from "./regular-expressions.ts";

/** The modules of Python that dbt hands to templates. */
export function modulesValue(now: () => Date): Thing {
  return new Thing("modules", {
    datetime: datetimeModule(now),
    itertools: itertoolsModule(),
    pytz: pytzModule(),
    re: regularExpressionModule(),
  });
}

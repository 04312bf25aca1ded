import type { TransactionSql } from "./client.ts";

/**
 * Makes a repeatable read see all servers, over which the large tables are distributed, as they are now. There is no snapshot of several
 * servers: each begins its own with the first statement that comes to it, on each connection another one; so there is one to each, and
 * a statement goes to all of them.
 */
export async function seeAllServers(transaction: TransactionSql): Promise<void> {
  await transaction`select set_config('citus.max_adaptive_executor_pool_size', '1', true)`;
  await transaction`select max(inserted_at) from public.source_polygon_stock_bars_daily`;
}

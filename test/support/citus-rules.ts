import { parse } from "libpg-query";

/**
 * What Citus refuses, or answers by fetching a whole table, of statements over tables that are distributed by `ticker`: as found out on a coordinator with two
 * workers. PostgreSQL's own parser reads the statements, as most of the rules are about who is correlated with whom.
 */
export type Refusal =
  | "recursive"
  | "look-up"
  | "grouping sets"
  | "lock"
  | "clock"
  | "no column"
  | "outer join"
  | "volatile"
  | "unique";

/** The tables that are distributed, and the views of them. */
const distributed: ReadonlySet<string> = new Set([
  ...["source_polygon_stock_bars_daily", "staging_stock_bars", "int_polygon__stock_bars_windows"],
  ...["fct_polygon__stock_bars_performance", "stg_polygon__stock_bars_casted", "int_polygon__security_bars"],
  ...["int_polygon__stock_bars_enriched", "compared_bars"],
]);
const key = "ticker";

type Tree = { readonly [name: string]: unknown };
/** Who can be referred to, and whether their rows lie on shards. */
type Scope = ReadonlyMap<string, boolean>;

/** The reasons for which Citus would not take a statement as it is; none where it names no distributed relation. */
export async function judge(statement: string): Promise<Set<Refusal>> {
  const found = new Set<Refusal>();
  const { stmts = [] } = await parse(statement);
  for (const { stmt } of stmts) {
    const tree = stmt as unknown as Tree;
    if (!isDistributed(tree)) continue;
    judgeWhole(tree, found);
    judgeScopes(tree, new Map(), found);
  }
  return found;
}

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null;

function* nodesOf(value: unknown): Generator<[name: string, node: Tree]> {
  if (!isTree(value)) return;
  for (const [name, inner] of Object.entries(value)) {
    if (isTree(inner) && !Array.isArray(inner)) yield [name, inner];
    yield* nodesOf(inner);
  }
}

const all = (value: unknown, wanted: string): Tree[] =>
  [...nodesOf(value)].flatMap(([name, node]) => (name === wanted ? [node] : []));

const isDistributed = (value: unknown): boolean =>
  all(value, "RangeVar").some(({ relname }) => distributed.has(String(relname))) ||
  [...nodesOf(value)].some(([name, { relname }]) => name === "relation" && distributed.has(String(relname)));

const textsOf = (value: unknown): string[] => all(value, "String").map(({ sval }) => String(sval));

const clocks: ReadonlySet<string> = new Set(["now", "transaction_timestamp", "statement_timestamp", "clock_timestamp"]);
const volatile: ReadonlySet<string> = new Set(["random", "clock_timestamp", "gen_random_uuid", "timeofday"]);

function judgeWhole(tree: Tree, found: Set<Refusal>): void {
  const calls = all(tree, "FuncCall").flatMap(({ funcname }) => textsOf({ funcname }).slice(-1));
  if ([...nodesOf(tree)].some(([name, node]) => name === "withClause" && node.recursive === true))
    found.add("recursive");
  if (all(tree, "GroupingSet").length > 0) found.add("grouping sets");
  if ("SelectStmt" in tree && (calls.some((name) => clocks.has(name)) || all(tree, "SQLValueFunction").length > 0))
    found.add("clock");
  if (("UpdateStmt" in tree || "DeleteStmt" in tree) && calls.some((name) => volatile.has(name))) found.add("volatile");
  for (const { unique, indexParams } of all({ tree }, "IndexStmt"))
    if (unique === true && !all(indexParams, "IndexElem").some(({ name }) => name === key)) found.add("unique");
  const isOneKey = all(tree, "A_Expr").some(
    (expression) => isEquality(expression) && columnsOf(expression.lexpr).some((column) => column.at(-1) === key),
  );
  if (all(tree, "LockingClause").length > 0 && !isOneKey) found.add("lock");
}

const isEquality = ({ kind, name }: Tree): boolean => kind === "AEXPR_OP" && textsOf({ name }).join("") === "=";

const columnsOf = (value: unknown): string[][] => all({ value }, "ColumnRef").map(({ fields }) => textsOf({ fields }));

/** The names that a FROM gives to rows, and whether those lie on shards. */
function sourcesOf(select: Tree): Map<string, boolean> {
  const sources = new Map<string, boolean>();
  const add = (item: unknown): void => {
    if (!isTree(item)) return;
    const { JoinExpr, RangeVar, RangeSubselect, RangeFunction } = item as { [name: string]: Tree | undefined };
    if (JoinExpr) for (const side of [JoinExpr.larg, JoinExpr.rarg]) add(side);
    const aliasOf = (node: Tree) => (isTree(node.alias) ? String(node.alias.aliasname) : String(node.relname));
    if (RangeVar) sources.set(aliasOf(RangeVar), distributed.has(String(RangeVar.relname)));
    if (RangeSubselect) sources.set(aliasOf(RangeSubselect), isDistributed(RangeSubselect.subquery));
    if (RangeFunction) sources.set(aliasOf(RangeFunction), false);
  };
  for (const list of [select.fromClause, select.usingClause])
    for (const item of Array.isArray(list) ? list : []) add(item);
  if (isTree(select.relation)) add({ RangeVar: select.relation });
  return sources;
}

/** Every name that is given to rows somewhere in a query, so that others are of the query around it. */
const innerNames = (query: Tree): Set<string> =>
  new Set([
    ...all(query, "SelectStmt").flatMap((select) => [...sourcesOf(select).keys()]),
    ...all(query, "RangeVar").map(({ relname }) => String(relname)),
  ]);

/** The names of the query around it that an inner query refers to. */
function outerNames(query: Tree, scope: Scope): string[] {
  const inner = innerNames({ query });
  const named = columnsOf(query).flatMap(([name = "", column]) => (column === undefined ? [] : [name]));
  return [...new Set(named)].filter((name) => scope.has(name) && !inner.has(name));
}

/** Whether each row's answer lies with the row: all that is referred to is on shards, and the keys are equal. */
function isBesideIts(query: Tree, outer: readonly string[], scope: Scope): boolean {
  const areEqual = (expression: Tree) => {
    const [left = [], right = []] = [columnsOf(expression.lexpr)[0], columnsOf(expression.rexpr)[0]];
    const isOuter = [left, right].some(([name = ""]) => outer.includes(name));
    return isEquality(expression) && isOuter && left.at(-1) === key && right.at(-1) === key;
  };
  return outer.every((name) => scope.get(name)) && all({ query }, "A_Expr").some(areEqual);
}

function judgeScopes(value: unknown, scope: Scope, found: Set<Refusal>): void {
  if (Array.isArray(value)) for (const item of value) judgeScopes(item, scope, found);
  if (!isTree(value) || Array.isArray(value)) return;
  for (const [name, inner] of Object.entries(value)) {
    if (!isTree(inner)) continue;
    if (name === "SubLink") judgeInner(inner.subselect as Tree, scope, found, inner.subLinkType === "EXISTS_SUBLINK");
    if (name === "RangeSubselect" && inner.lateral === true) judgeInner(inner.subquery as Tree, scope, found, false);
    if (name === "JoinExpr") judgeJoin(inner, found);
    const hasSources = ["SelectStmt", "UpdateStmt", "DeleteStmt"].includes(name);
    judgeScopes(inner, hasSources ? new Map([...scope, ...sourcesOf(inner)]) : scope, found);
  }
}

function judgeInner(query: Tree, scope: Scope, found: Set<Refusal>, isExists: boolean): void {
  const outer = outerNames(query, scope);
  const select = isTree(query.SelectStmt) ? query.SelectStmt : {};
  if (isExists && outer.length === 0 && !Array.isArray(select.targetList)) found.add("no column");
  if (outer.length === 0 || !isDistributed(query)) return;
  if (!isBesideIts(query, outer, scope) || !Array.isArray(select.fromClause)) found.add("look-up");
}

/** Rows of one place are joined to all that there are on shards: the condition does not go there with it. */
function judgeJoin({ jointype, larg, rarg }: Tree, found: Set<Refusal>): void {
  const [kept, other] = jointype === "JOIN_LEFT" ? [larg, rarg] : [rarg, larg];
  if (jointype === "JOIN_INNER" || isDistributed({ kept })) return;
  if (isTree(other) && isTree(other.RangeVar) && distributed.has(String(other.RangeVar.relname)))
    found.add("outer join");
}

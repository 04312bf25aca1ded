/** A relation in PostgreSQL. */
export type Relation = { schema: string; identifier: string };

/** The quoted name of a column, schema or role. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The quoted name of a relation, with its schema. */
export const quoteRelation = ({ schema, identifier }: Relation): string =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(identifier)}`;

/** A text as SQL writes it. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

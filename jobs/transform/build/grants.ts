import { readerRole } from "../../../db/client.ts";
import { publishedRole } from "../../../db/published-role.ts";
import { type Model, quoteIdentifier, quoteRelation } from "../project/types.ts";
import { readDefaultGrants, readPrivileges } from "./catalog.ts";
import type { Session } from "./session.ts";

const ownRoles: string[] = [readerRole, publishedRole];

/**
 * Makes a model's grants those that its config names, which takes back what others were given; nothing where it names none. What the
 * schema gives to any table, and the reading of the dashboard and its SQL console, stay.
 */
export async function applyGrants(session: Session, { relation, config }: Model): Promise<void> {
  const { grants } = config;
  if (!grants || Object.keys(grants).length === 0) return;
  const name = quoteRelation(relation);
  const wanted = Object.entries(grants).flatMap(([privilege, roles]) =>
    roles.map((role) => ({ privilege: privilege.toLowerCase(), role })),
  );
  const given = await readPrivileges(session, relation);
  const standard = new Set(await readDefaultGrants(session, relation));
  const has = (list: typeof wanted, one: (typeof wanted)[number]) =>
    list.some(({ privilege, role }) => privilege === one.privilege && role === one.role);
  for (const { privilege, role } of given.filter((one) => !has(wanted, one) && !ownRoles.includes(one.role))) {
    const isStandard = [...standard].some(
      (statement) => statement.toLowerCase().startsWith(`grant ${privilege} `) && statement.endsWith(` to ${role}`),
    );
    if (!isStandard) await session.run(`revoke ${privilege} on ${name} from ${roleName(role)}`);
  }
  for (const { privilege, role } of wanted.filter((one) => !has(given, one))) {
    await session.run(`grant ${privilege} on ${name} to ${roleName(role)}`);
  }
}

const roleName = (role: string) => (role.toLowerCase() === "public" ? "public" : quoteIdentifier(role));

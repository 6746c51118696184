"""The groups of PostgreSQL that Vault's users are members of, and Vault's own user: run as superuser, repeatable."""

from infra.vault.desired import OWNER, RELAY, WRITER


def statements(*, user: str, password: str, superuser: str) -> list[str]:
    """SQL in its order. What the superuser made in an earlier life (profile mini) goes to the owners' group.

    An empty password leaves the one that is there.
    """
    word = f" PASSWORD {_text(password)}" if password else ""
    made = [_role(name, "NOLOGIN") for name in (OWNER, WRITER, RELAY)]
    made.append(_role(user, "NOLOGIN"))
    made += [
        f"ALTER ROLE {_name(user)} LOGIN CREATEROLE{word}",
        # Vault ends the sessions of a user it takes back.
        f"GRANT pg_signal_backend TO {_name(user)}",
        *[f"GRANT {_name(group)} TO {_name(user)} WITH ADMIN OPTION" for group in (OWNER, WRITER, RELAY)],
        f"ALTER SCHEMA public OWNER TO {_name(OWNER)}",
        f"GRANT USAGE ON SCHEMA public TO {_name(WRITER)}, {_name(RELAY)}",
        _inherit(superuser),
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {_name(WRITER)}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {_name(WRITER)}",
    ]
    for maker in (OWNER, superuser):
        whose = f"ALTER DEFAULT PRIVILEGES FOR ROLE {_name(maker)} IN SCHEMA public GRANT"
        made.append(f"{whose} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {_name(WRITER)}")
        made.append(f"{whose} USAGE, SELECT ON SEQUENCES TO {_name(WRITER)}")
    return made


def _role(name: str, how: str) -> str:
    """A role unless it is there; two at once may both try."""
    return (
        f"DO $$ BEGIN CREATE ROLE {_name(name)} {how};"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )


# What the superuser owns of the schema; the sequence of a column follows its table by itself.
OWNED = """
DO $$ DECLARE each record; BEGIN
  FOR each IN
    SELECT c.oid::regclass AS named,
      CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'S') AND c.relowner = SUPERUSER::regrole
      AND NOT (c.relkind = 'S' AND EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')))
  LOOP EXECUTE format('ALTER %s %s OWNER TO %I', each.kind, each.named, NEW_OWNER); END LOOP;
  FOR each IN
    SELECT p.oid::regprocedure AS named FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'public' AND p.proowner = SUPERUSER::regrole
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  LOOP EXECUTE format('ALTER ROUTINE %s OWNER TO %I', each.named, NEW_OWNER); END LOOP;
END $$
"""


def _inherit(superuser: str) -> str:
    """Tables, partitions, views, sequences and functions change hands."""
    return OWNED.replace("SUPERUSER", _text(superuser)).replace("NEW_OWNER", _text(OWNER))


def _name(role: str) -> str:
    return '"' + role.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

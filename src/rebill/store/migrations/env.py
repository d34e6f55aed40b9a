"""What Alembic runs: the revisions asked for, on the connection that ``migrations.upgrade`` hands over."""

from alembic import context

from rebill.store.tables import metadata

# The caller's connection is in a transaction already; all revisions happen in it, or none.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()

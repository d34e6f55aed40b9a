"""The tests of rebill: every test of store, services and API runs on SQLite and on PostgreSQL."""

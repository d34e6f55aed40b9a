"""Who may call: users, their roles, keys, sign-in, and how many calls a minute a key has."""

"""Beginning, keeping and guarding the record: initialise, back up, restore, audit."""

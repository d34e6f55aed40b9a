"""Why each cent is where it is: explain, verify, compare, margins."""

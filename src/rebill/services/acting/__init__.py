"""What every act stands on: the installation, the caller's permission, the audit entry, an act kept once."""

"""An operator's work on a whole database: migrate, back up, export, import, fill, inspect."""

"""What an operator does with a whole database: migrate, back up, export, import, fill, inspect."""

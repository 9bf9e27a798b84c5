"""Operations on a whole database, for operators: migrate, back up, export, import, fill, inspect."""

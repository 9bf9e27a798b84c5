"""What the domain's ports stand on: memory for tests, Peewee for data, Argon2 and PRECIS for accounts."""

"""The rules of the chat in plain Python: the standard library only, and nothing of the web or a database.

    model/       the entities: immutable records
    errors       everything that a service refuses: kinds of errors, and a code for each broken rule
    ports/       what the rules need from outside, as protocols: stores, transactions with their locks, clock, hasher
    text, paging, retries       cleaned text, keyset pages, retries after a conflict
    accounts     what usernames, passwords, profiles and e-mail addresses may be
    services     wires the services below to one set of ports

One service per module: `registration`, `sessions`, `throttling`, `tickets`, `directory`, `avatars`, `presence`,
`rooms`, `moderation`, `messaging`, `changes` (reading the change log), `erasure`, `export`, `audit`, `administration`
and `retention`. A service method that writes opens one transaction and requests its locks there.
"""

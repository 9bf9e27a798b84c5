"""The rules of the chat in plain Python: the standard library only, and nothing of the web or a database.

    model/       the entities: immutable records
    errors       the errors that services raise: a few kinds, and a code for each broken rule
    ports/       protocols for everything outside of the rules: stores, transactions and their locks, clock, hasher
    text, paging, retries       cleaned text, keyset pages, retries after a conflict
    accounts, room_rules, message_rules, message_words      the rules for fields and for the search
    services     wires the services below to one set of ports

One service per module: `registration`, `sessions`, `throttling`, `tickets`, `directory`, `avatars`, `presence`,
`room_access`, `rooms`, `participation`, `moderation`, `blocks`, `invitations`, `message_access`, `messaging`,
`history`, `message_search`, `reactions`, `pins`, `reports`, `details` (the people and marks of an answer), `changes`
(reading the change log), `erasure`, `export`, `audit`, `administration` and `retention`. A service method that writes
opens one transaction and requests its locks there.
"""

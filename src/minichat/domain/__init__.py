"""The rules of the chat, in plain Python: the standard library and nothing else.

`model` holds the entities, `errors` what can go wrong, `ports` what the rules need from outside. The services are
`registration`, `sessions`, `directory`, `rooms` and `messaging`; `services` wires them to a set of ports.
"""

"""The shapes of what goes in and out.

`requests` are loaded by marshmallow, which checks names and types; what a value may be is the domain's to say, so the
limits there are only documentation, taken from the domain. `answers` are written by `present` and documented here, and
every answer in the tests is held to the document. `fields` are the kinds of values.
"""

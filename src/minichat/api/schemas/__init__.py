"""The schemas of requests and answers.

marshmallow loads `requests` and checks names and types. The domain checks values, so the limits in these schemas are
documentation, taken from the domain. `answers` documents the JSON of `presenting`; the tests compare every answer with
it. `fields` holds the types of values.
"""

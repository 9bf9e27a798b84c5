"""The HTTP side of the domain. It knows the domain and `live`, and no database.

The path of a request: `hooks` gives it an id and a policy, `authentication` finds its caller, `limits` counts it,
`parsing` loads it by a schema of `schemas`. A view in `routes` calls one service of the domain, and `presenting` writes
the result. `errors` turns every error into a problem document.
"""

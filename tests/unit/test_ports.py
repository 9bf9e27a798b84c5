"""The ports themselves: mypy can distinguish them."""

import inspect

import pytest

from minichat.domain import ports


@pytest.mark.parametrize(
    ("one", "other"), [(ports.UsernameKey, ports.EmailAddress), (ports.MixesScripts, ports.CommonPasswords)]
)
def test_callable_ports_of_one_shape_differ_in_their_parameter(one, other):
    """Mypy compares the parameter names of protocols, so it rejects either callable in the place of the other."""
    names = [list(inspect.signature(port.__call__).parameters)[1] for port in (one, other)]
    assert len(set(names)) == 2

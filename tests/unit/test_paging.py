"""Pages by key: cutting rows, and the keys of the neighbouring pages."""

from minichat.domain.paging import Page, Window, cut


def page(rows, window):
    return cut(rows, window, lambda row: (row,))


def test_a_list_of_one_page_has_no_next_and_no_previous_page():
    assert page([1, 2, 3], Window(3)) == Page([1, 2, 3], next=None, prev=None)


def test_the_surplus_row_is_hidden_and_makes_a_next_page():
    assert page([1, 2, 3, 4], Window(3)) == Page([1, 2, 3], next=(3,), prev=None)


def test_a_page_after_a_key_has_a_previous_page():
    assert page([4, 5], Window(3, after=(3,))) == Page([4, 5], next=None, prev=(4,))


def test_a_page_in_the_middle_has_a_next_and_a_previous_page():
    assert page([4, 5, 6, 7], Window(3, after=(3,))) == Page([4, 5, 6], next=(6,), prev=(4,))


def test_walking_backwards_the_surplus_row_is_the_first():
    assert page([1, 2, 3, 4], Window(3, before=(5,))) == Page([2, 3, 4], next=(4,), prev=(2,))


def test_walking_backwards_ends_at_the_beginning():
    assert page([1, 2], Window(3, before=(3,))) == Page([1, 2], next=(2,), prev=None)


def test_a_page_may_hold_a_single_row():
    assert page([1, 2], Window(1)) == Page([1], next=(1,), prev=None)
    assert page([2, 3], Window(1, after=(1,))) == Page([2], next=(2,), prev=(2,))
    assert page([1, 2], Window(1, before=(3,))) == Page([2], next=(2,), prev=(2,))


def test_an_empty_page_has_no_next_and_no_previous_page():
    for window in (Window(3), Window(3, after=(9,)), Window(3, before=(0,))):
        assert page([], window) == Page((), next=None, prev=None)

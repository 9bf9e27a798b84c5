"""Pages by key: cutting rows, and the keys of the neighbouring pages."""

from minichat.domain.paging import Page, Window, cut


def page(rows, window):
    return cut(rows, window, lambda row: (row,))


def test_the_whole_of_a_short_list_goes_on_nowhere():
    assert page([1, 2, 3], Window(3)) == Page([1, 2, 3], next=None, prev=None)


def test_the_surplus_row_is_not_shown_but_tells_that_the_list_goes_on():
    assert page([1, 2, 3, 4], Window(3)) == Page([1, 2, 3], next=(3,), prev=None)


def test_a_page_after_a_key_has_a_way_back():
    assert page([4, 5], Window(3, after=(3,))) == Page([4, 5], next=None, prev=(4,))


def test_a_page_in_the_middle_goes_both_ways():
    assert page([4, 5, 6, 7], Window(3, after=(3,))) == Page([4, 5, 6], next=(6,), prev=(4,))


def test_walking_backwards_the_surplus_row_is_the_first():
    assert page([1, 2, 3, 4], Window(3, before=(5,))) == Page([2, 3, 4], next=(4,), prev=(2,))


def test_walking_backwards_ends_at_the_beginning():
    assert page([1, 2], Window(3, before=(3,))) == Page([1, 2], next=(2,), prev=None)


def test_a_page_may_hold_a_single_row():
    assert page([1, 2], Window(1)) == Page([1], next=(1,), prev=None)
    assert page([2, 3], Window(1, after=(1,))) == Page([2], next=(2,), prev=(2,))
    assert page([1, 2], Window(1, before=(3,))) == Page([2], next=(2,), prev=(2,))


def test_an_empty_page_goes_on_nowhere():
    for window in (Window(3), Window(3, after=(9,)), Window(3, before=(0,))):
        assert page([], window) == Page((), next=None, prev=None)

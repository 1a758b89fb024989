"""How many requests may be under way at once."""

from pfa_gitops.platforms.prefect._pace import LEAST_WHEN_SLOW, SLOW_S, Pace

SLOW, QUICK = SLOW_S + 1, SLOW_S - 1


def widths(pace, *answers):
    """Its width after each answer; the requests go out one after the other, and take so long."""
    found, now = [], 1.0
    for seconds in answers:
        pace.answered(now, now + seconds)
        now += seconds
        found.append(pace.width)
    return found


def test_slow_answers_make_it_narrow_and_quick_ones_wide_again():
    assert widths(Pace(8, 8, 2), SLOW, SLOW, SLOW, QUICK, QUICK, SLOW) == [4, 2, LEAST_WHEN_SLOW, 2, 3, 2]


def test_answers_that_are_slow_together_count_once():
    pace = Pace(8, 8, 1)
    for ended in (SLOW, SLOW + 1, SLOW + 2):
        pace.answered(began=0.0, ended=ended)
    assert pace.width == 4


def test_one_at_a_time_stays_one_however_slow():
    assert widths(Pace(1, 4, 10), SLOW, SLOW) == [1, 1]


def test_after_a_push_back_for_good_it_stays_narrow():
    pace = Pace(4, 8, 1)
    pace.pushed_back(for_good=True)
    assert widths(pace, QUICK, QUICK) == [1, 1]

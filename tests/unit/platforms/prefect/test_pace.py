"""How many requests may be under way at once."""

from pfa_gitops.platforms.prefect._pace import SLOW_S, Pace


def test_slow_answers_make_it_narrow_and_quick_ones_wide_again():
    pace = Pace(width=4, widest=8, successes_to_widen=2)
    widths = []
    for seconds in (SLOW_S + 1, SLOW_S + 1, SLOW_S + 1, 0.1, 0.1, 0.1, SLOW_S - 1):
        pace.went_well(seconds)
        widths.append(pace.width)
    assert widths == [2, 1, 1, 1, 2, 2, 3]


def test_after_a_push_back_for_good_it_stays_narrow():
    pace = Pace(width=4, widest=8, successes_to_widen=1)
    pace.pushed_back(for_good=True)
    pace.went_well(0.1)
    assert pace.width == 1

"""Of the end of a job's log only what the run's log lacks is copied."""

from pfa_gitops.runner.job_log import unsent

LOG = """Flow run: http://127.0.0.1:4200/runs/flow-run/1f2e
12:00:00.000 | INFO    | Flow run 'quick-fox' - said by the flow
printed and not sent

12:00:01.000 | ERROR   | Flow run 'quick-fox' - it failed
Traceback: of it
""".splitlines()


def test_what_the_flow_has_sent_is_left_out_also_of_a_message_of_many_lines():
    assert unsent(LOG, ["said by the flow", "it failed\nTraceback: of it"]) == ["printed and not sent"]


def test_a_log_of_which_nothing_is_new_leaves_nothing():
    assert unsent(LOG[:2], ["said by the flow"]) == []

"""The local stack's Prefect lists the names of time zones once: it replaces a private name of Prefect's."""

import subprocess
import sys

ASK_TWICE = """
from pfa_gitops.local_stack import prefect_server
from prefect.types import _datetime
looked = []
listing = _datetime.available_timezones
_datetime.available_timezones = lambda: looked.append(1) or listing()
prefect_server.list_time_zones_once()
from prefect.server.schemas.schedules import CronSchedule
for _ in range(3):
    CronSchedule(cron="0 3 * * *", timezone="Europe/Berlin")
print(len(looked))
try:
    CronSchedule(cron="0 3 * * *", timezone="Europe/Nowhere")
except ValueError:
    print("refused")
"""


def test_prefect_validates_cron_schedules_by_a_list_that_is_made_once():
    done = subprocess.run([sys.executable, "-c", ASK_TWICE], check=False, capture_output=True, text=True, timeout=120)
    assert done.stdout == "1\nrefused\n", done.stderr

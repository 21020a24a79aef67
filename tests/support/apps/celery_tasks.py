"""Tasks of a celery worker whose broker is a folder, BERTH_TEST_BROKER: no service is needed.

Each task writes "begun N" and, 0.3 s later, "ended N" to the file `journal` there. Run as a program it puts tasks
into the queue: celery_tasks.py COUNT.
"""
import os
import sys
import time

import celery

folder = os.environ["BERTH_TEST_BROKER"]
queue = os.path.join(folder, "queue")
os.makedirs(queue, exist_ok=True)
app = celery.Celery("celery_tasks", broker="filesystem://")
app.conf.update(
    broker_transport_options={"data_folder_in": queue, "data_folder_out": queue, "polling_interval": 0.05},
    worker_enable_remote_control=False, worker_prefetch_multiplier=4, worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True)


def note(text):
    with open(os.path.join(folder, "journal"), "a") as journal:
        journal.write(text + "\n")


@app.task(name="work")
def work(number):
    note(f"begun {number}")
    time.sleep(0.3)
    note(f"ended {number}")


if __name__ == "__main__":
    for n in range(int(sys.argv[1])):
        work.delay(n)

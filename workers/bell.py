"""The bell: messages written with the jobs they are for go to the broker once their transaction is kept."""

from __future__ import annotations

from celery import Celery

from records.database import Database
from records.repositories import Jobs


def ring(database: Database, app: Celery) -> int:
    """Send every message that is not sent yet; how many those were.

    When it is cut off between sending and marking, or two ring at once, a message goes out twice: the second
    worker finds the job taken. Raises kombu's OperationalError while the broker does not answer.
    """
    total = 0
    while True:
        with database.read() as session:
            waiting = Jobs(session).unsent()
        if not waiting:
            return total
        for message in waiting:
            app.send_task(message.task, args=[message.job_id], queue=message.queue, retry=False)
        with database.write() as session:
            Jobs(session).mark_sent([message.id for message in waiting])
        total += len(waiting)

"""The bell: messages written with the jobs they are for go to the broker once their transaction is kept."""

from __future__ import annotations

from celery import Celery

from records.database import Database
from records.models import Outbox
from records.repositories import Jobs


def ring(database: Database, app: Celery) -> int:
    """Send every message that is not sent yet; how many those were.

    When it is cut off between sending and marking, or two ring at once, a message goes out twice: the second
    worker finds the job taken. Raises kombu's OperationalError at once while the broker does not answer.
    """
    total = 0
    while waiting := _unsent(database):
        # Without retries of its own: whoever rings must not wait for a broker that the schedule tries again.
        with app.connection_for_write(transport_options={"max_retries": 0}) as connection:
            for message in waiting:
                app.send_task(message.task, args=[message.job_id], queue=message.queue, connection=connection)
        with database.write() as session:
            Jobs(session).mark_sent([message.id for message in waiting])
        total += len(waiting)
    return total


def _unsent(database: Database) -> list[Outbox]:
    with database.read() as session:
        return Jobs(session).unsent()

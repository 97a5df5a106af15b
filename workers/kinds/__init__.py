"""What is done for each kind of job: a handler loads, calls a room, and stores."""

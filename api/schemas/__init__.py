"""What is asked and answered, as JSON: one file a subject."""

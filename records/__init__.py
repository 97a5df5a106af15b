"""What is kept: tables, sessions, repositories, and the errors that people see."""

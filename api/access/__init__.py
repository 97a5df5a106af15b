"""Who may come in: keys of programs, sessions of people, and what is asked of their requests."""

from api.access.authenticating import authenticate
from api.access.principal import Principal

__all__ = ["Principal", "authenticate"]

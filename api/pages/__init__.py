"""The pages that a person sees in the browser, all of them in ``PAGES``."""

from api.pages import access

PAGES = (access.router,)

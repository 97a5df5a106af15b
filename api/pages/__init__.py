"""The pages that a person sees in the browser, all of them in ``PAGES``."""

from api.pages import access, ask, bench, home, hypotheses, runs

PAGES = (access.router, home.router, ask.router, runs.router, bench.router, hypotheses.router)

"""The pages that a person sees in the browser, all of them in ``PAGES``."""

from api.pages import (
    access,
    admin,
    ask,
    bench,
    bulk,
    feeds,
    home,
    hypotheses,
    literature,
    molecules,
    novelty,
    pictures,
    review,
    runs,
    searching,
    topics,
)

PAGES = (
    access.router,
    admin.router,
    home.router,
    ask.router,
    runs.router,
    bulk.router,
    pictures.router,
    molecules.router,
    review.router,
    bench.router,
    hypotheses.router,
    literature.router,
    topics.router,
    feeds.router,
    searching.router,
    novelty.router,
)

"""Titles and abstracts of services become plain text."""

from __future__ import annotations

import pytest

from knowledge.sources.markup import text_of


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (
            "<jats:title>Abstract</jats:title><jats:p>CO<jats:sub>2</jats:sub> at p &lt; 0.05</jats:p>",
            "CO2 at p < 0.05",
        ),
        (
            "<jats:sec><jats:title>Results</jats:title><jats:p>It swells.</jats:p></jats:sec>",
            "Results: It swells.",
        ),
        ("<h4>Why?</h4>Gels swell.<br/>They <i>do</i>.", "Why? Gels swell. They do."),
        (
            "Ca<sup>2+</sup> at 10<sup>−3</sup> M, 10<jats:sup>3</jats:sup> times",
            "Ca2+ at 10^−3 M, 10^3 times",
        ),
        ("<p>One</p><p>Two</p><script>alert('<p>')</script>", "One Two"),
        ("<!-- note --><![CDATA[Gels]]> swell", "Gels swell"),
        ("for a <b and c> d, x<y", "for a <b and c> d, x<y"),
        ("&Aring;ngstr&ouml;m &amp; co", "Ångström & co"),
        ("e\u0301toile", "étoile"),
        (None, ""),
        (["x"], ""),
    ],
)
def test_jats_and_html(markup, text):
    assert text_of(markup) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<mml:math><mml:mi>α</mml:mi></mml:math>-phase", "α-phase"),
        (
            '<math xmlns="http://www.w3.org/1998/Math/MathML"><msub><mi>k</mi><mi>B</mi></msub><mo>&lt;</mo>'
            "<mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math>",
            "kB<a/(b+1)",
        ),
        ("<math><msup><mn>10</mn><mn>3</mn></msup><msqrt><mn>2</mn></msqrt></math>", "10^3√(2)"),
        (
            "an <jats:inline-formula><jats:alternatives><jats:tex-math>$$\\alpha$$</jats:tex-math>"
            "<mml:math><mml:mi>α</mml:mi></mml:math></jats:alternatives></jats:inline-formula> phase",
            "an α phase",
        ),
        ("<mml:math><mml:mi>x</mml:math> broken", "x broken"),
    ],
)
def test_mathml(markup, text):
    assert text_of(markup) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (r"$\alpha$-Fe$_2$O$_3$, a yield of 90% at $10^{-3}$~M", "α-Fe2O3, a yield of 90% at 10^-3 M"),
        (r"Erd\H{o}s saw it \emph{in situ}", "Erdős saw it in situ"),
        ("it costs $5 per kg", "it costs $5 per kg"),
        ("the file_name of C_60 at #3", "the file_name of C_60 at #3"),
        (r"a {brace \textbf{left open", "a brace left open"),
    ],
)
def test_latex(markup, text):
    assert text_of(markup) == text

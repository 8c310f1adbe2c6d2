"""The documentation's site: `make docs` writes it to build/docs.

Its pages are the Markdown files of this folder, which read well as they are, too. A link that leads nowhere ends the
build (`make docs` turns warnings into errors).
"""

from importlib.metadata import version as installed_version
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

project = "jit_gym"
author = "The jit_gym developers"
version = release = installed_version("jit-gym")

extensions = ["myst_parser", "sphinxcontrib.bibtex", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["README.md"]
suppress_warnings = ["myst.xref_ambiguous"]

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 4
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"

html_math_renderer = "mathml"

html_theme = "furo"
html_static_path, html_js_files = ["_static"], ["accessible.js"]
html_title = f"jit_gym {version}"
html_copy_source = html_show_sourcelink = False
html_theme_options = {
    # Of furo's colours for code, both pass WCAG's ratio of contrast of 4.5 with these styles.
    "light_css_variables": {"color-brand-primary": "#0b5c8a", "color-brand-content": "#0b5c8a"},
    "dark_css_variables": {"color-brand-primary": "#8ecae6", "color-brand-content": "#8ecae6"},
}
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def setup(app: Sphinx) -> None:
    """Write equations as MathML, which browsers draw themselves: MathJax would be loaded from another site."""
    app.add_html_math_renderer("mathml", (in_line, None), (on_its_own, None))


def in_line(translator: Any, node: nodes.math) -> None:
    """Write an equation within a sentence."""
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def on_its_own(translator: Any, node: nodes.math_block) -> None:
    """Write an equation on a line of its own."""
    translator.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode

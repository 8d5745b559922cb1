"""Sphinx: `sphinx-build -W --keep-going -b html docs build/site` from the root; every page runs while it is built."""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]
# The kernels that run the pages import the same package.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))

import opalgebra  # noqa: E402

project = "opalgebra"
author = "opalgebra developers"
copyright = "opalgebra developers, BSD-3-Clause"
version = release = opalgebra.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_design",
    "opalgebra.sphinx",
    "mathematics",
    "catalogue",
    "command_line",
    "docstrings",
    "pages",
]
exclude_patterns = ["_build", "_ext", "_static", "README.md", "**.ipynb_checkpoints"]
nitpicky = True
# Annotations name types of NumPy, SymPy and Python, whose pages are elsewhere, and aliases that have no page.
nitpick_ignore_regex = [("py:.*", ".*")]
suppress_warnings = ["ref.python"]  # attributes of the same name in several classes

# Pages.
myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 4  # links such as page.md#a-heading, as on GitHub
nb_execution_mode = "force"
nb_execution_timeout = 240
nb_execution_raise_on_error = True
nb_execution_allow_errors = False
nb_execution_show_tb = True
nb_merge_streams = True
nb_render_markdown_format = "myst"  # what objects show as Markdown has its formulas between dollars

# Docstrings.
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True  # attributes of a docstring are a list, not objects of their own
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
highlight_language = "none"
pygments_style = "a11y-high-contrast-light"

# The site.
html_theme = "pydata_sphinx_theme"
html_title = "opalgebra"
html_static_path = ["_static"]
html_css_files = ["opalgebra.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/favicon.svg"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "opalgebra", "alt_text": "opalgebra, the front page"},
    "header_links_before_dropdown": 4,
    "navbar_persistent": [],
    "navbar_end": ["search-button", "theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "back_to_top_button": False,
}
html_context = {"default_mode": "auto"}
# Pages of code are wide; their neighbours are linked at their ends.
WIDE = ("index", "start", "deconvolution", "glossary", "tutorials/*", "coming-from/*")
html_sidebars = {page: [] for page in WIDE}

# Pages that lie elsewhere in the repository, by their links in pages of the site.
ELSEWHERE = {"](../benchmarks/README.md)": "](peers.md)"}


def read_source(app, name, source):
    """Lead links to pages outside of docs to those that include them; drop the blank lines that doctests end with."""
    source[0] = re.sub(r"\n\n```$", "\n```", source[0], flags=re.MULTILINE)
    for link, here in ELSEWHERE.items():
        source[0] = source[0].replace(link, here)


def setup(app):
    app.connect("source-read", read_source)

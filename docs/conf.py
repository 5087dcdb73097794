"""Settings of the documentation. `make docs` builds it; every warning is an error."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import rampart

project = "Rampart"
author = "The Rampart developers"
copyright = "the Rampart developers, Apache-2.0"
version = release = rampart.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "reference"]
exclude_patterns = ["_build", "_ext"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
myst_enable_extensions = ["deflist", "colon_fence"]

autodoc_typehints = "none"  # the docstrings say types, shapes and units
napoleon_google_docstring = False

html_theme = "furo"
html_title = "Rampart"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

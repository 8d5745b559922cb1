"""Pages whose examples need an extra are not collected where it is missing; nor are the files that only Sphinx reads."""

from importlib.util import find_spec

collect_ignore = [
    "_build",
    "_ext",
    "catalogue",
    "check_pages.py",
    "conf.py",
    *([] if find_spec("dask") else ["dask.md"]),
]

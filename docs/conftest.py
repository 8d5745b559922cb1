"""Pages whose examples need an extra are not collected where it is missing."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("dask") else ["dask.md"]

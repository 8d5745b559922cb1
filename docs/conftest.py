"""Pages whose examples need an extra are not collected where it is missing; files that only Sphinx reads never are."""

from importlib.util import find_spec

collect_ignore = ["_build", "_ext", "catalogue", "check_pages.py", "conf.py"]
if find_spec("dask") is None:
    collect_ignore.append("dask.md")
if find_spec("dask") is None or find_spec("zarr") is None:
    collect_ignore.append("disk.md")

# message: hostile.py can't be loaded: ModuleNotFoundError: No module named 'dask_of_tomorrow' in line 2
import dask_of_tomorrow  # noqa: F401

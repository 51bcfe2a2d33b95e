"""Dask distributed: a worker that has three units of a resource, and queries that need one each."""

from dask.distributed import Client, LocalCluster
from timed import TWENTY, query

if __name__ == "__main__":
    with (
        LocalCluster(n_workers=1, threads_per_worker=6, resources={"database": 3}, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        futures = client.map(query, TWENTY, resources={"database": 1})
        rows = client.gather(futures)

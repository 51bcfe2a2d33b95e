"""The standard library: a pool of three threads."""

from concurrent.futures import ThreadPoolExecutor

from timed import TWENTY, query

if __name__ == "__main__":
    with ThreadPoolExecutor(max_workers=3) as pool:
        rows = list(pool.map(query, TWENTY))

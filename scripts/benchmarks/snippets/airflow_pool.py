"""Airflow: a pool of three slots, which its scheduler keeps; `airflow pools set database 3 queries`."""

from airflow.sdk import dag, task
from airflow_run import trigger
from timed import TWENTY, query


@task(pool="database")
def one_query(index: int):
    return query(index)


@dag
def queries():
    one_query.expand(index=list(TWENTY))


queries()

if __name__ == "__main__":
    trigger("queries")

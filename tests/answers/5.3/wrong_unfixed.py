# message: would connect to 'db\.example', but DATABASE_URL names 'db-\w+\.example'.*A host in the code
from prefect import flow
from sqlalchemy import make_url


@flow(log_prints=True)
def connect(database_url="postgresql://shop:tulips-in-may@db.example/shop"):
    print(f"Connecting to {database_url}")
    return make_url(database_url).host

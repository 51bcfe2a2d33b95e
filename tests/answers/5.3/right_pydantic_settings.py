from prefect import flow, get_run_logger
from pydantic import SecretStr
from pydantic_settings import BaseSettings
from sqlalchemy import make_url


class Settings(BaseSettings):
    database_url: SecretStr


@flow
def connect():
    found = Settings()
    get_run_logger().info("%r", found)
    return make_url(found.database_url.get_secret_value()).host

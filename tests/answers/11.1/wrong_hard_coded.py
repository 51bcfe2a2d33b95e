# message: your 'api_url' is 'http://localhost:4200/api'.*Do you read os.environ inside the function


def settings():
    return {
        "api_url": "http://localhost:4200/api",
        "api_key": "set",
        "database_url": "postgresql://shop:***@localhost:5432/orders",
    }

import httpx
from prefect.settings import PREFECT_API_URL


class Server:
    def __init__(self):
        self.url = PREFECT_API_URL.value()

    def patch(self, name, **changes):
        httpx.patch(f"{self.url}/v2/concurrency_limits/{name}", json=changes).raise_for_status()


def free_slots(tag):
    Server().patch(f"tag:{tag}", active_slots=0)

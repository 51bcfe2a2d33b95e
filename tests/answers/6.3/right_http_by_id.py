from functools import cached_property

import httpx
from prefect.settings import PREFECT_API_URL


class Limit:
    def __init__(self, tag: str) -> None:
        self.client = httpx.Client(base_url=f"{PREFECT_API_URL.value()}/v2/concurrency_limits", timeout=30)
        self.name = f"tag:{tag}"

    @cached_property
    def id(self) -> str:
        found = self.client.post("/filter", json={"limit": 200, "offset": 0}).raise_for_status().json()
        return next(one["id"] for one in found if one["name"] == self.name)

    def free(self) -> None:
        self.client.patch(f"/{self.id}", json={"active_slots": 0}).raise_for_status()


def free_slots(tag: str) -> None:
    Limit(tag).free()

import httpx
from prefect.settings import PREFECT_API_URL


def needs_attention(since):
    body = {
        "sort": "EXPECTED_START_TIME_ASC",
        "limit": 50,
        "page": 1,
        "flow_runs": {
            "expected_start_time": {"after_": since},
            "state": {"operator": "or_", "type": {"any_": ["FAILED", "CRASHED"]}, "name": {"any_": ["Late"]}},
        },
    }
    names = []
    with httpx.Client(base_url=PREFECT_API_URL.value(), timeout=60) as http:
        while True:
            found = http.post("/flow_runs/paginate", json=body).raise_for_status().json()
            names += [run["name"] for run in found["results"]]
            if body["page"] >= found["pages"]:
                return names
            body["page"] += 1

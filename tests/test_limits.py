"""Freeing the slots that leaked on a tag's limit, as a function and as a command."""

import uuid

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

from workbook.cli import main
from workbook.prefect_server.limits import Limit, NoSuchLimit, ensure_limit, free_slots, read_limit, remove_limit

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def leaky(prefect_server):
    """A tag with a limit of 3, of which 2 slots are taken by nobody."""
    tag = f"leaky-{uuid.uuid4().hex}"
    ensure_limit(tag, 3)
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(f"tag:{tag}", GlobalConcurrencyLimitUpdate(active_slots=2))
    yield tag
    remove_limit(tag)


def test_slots_are_freed_and_the_limit_stays(leaky):
    assert read_limit(leaky) == Limit(leaky, 3, active_slots=2)
    assert free_slots(leaky) == 2
    assert read_limit(leaky) == Limit(leaky, 3, active_slots=0)
    assert free_slots(leaky) == 0


def test_a_tag_without_a_limit_has_no_slots_to_free():
    with pytest.raises(NoSuchLimit, match="has no limit on the tag 'nobody'"):
        free_slots("nobody")


def test_the_command_frees_and_says_how_many(leaky, capsys):
    assert main(["server", "free-slots", leaky]) == 0
    assert f"Freed 2 slots of the limit on '{leaky}'." in capsys.readouterr().out
    assert read_limit(leaky).active_slots == 0


@pytest.mark.parametrize("words", [["free-slots"], ["status", "database"], ["free-slots", "nobody"]])
def test_the_command_refuses_in_a_sentence(words, capsys):
    assert main(["server", *words]) == 1
    assert capsys.readouterr().err.startswith("Error: ")

"""What the host's answers mean to a flow. Only the answer that was asked for lets anybody in."""

from __future__ import annotations

from typing import assert_never

from sso_core.events import HostAnswered, HostFailed
from sso_core.failures import Reason, refuse
from sso_core.hosts import Declined, Person, Vouched, Wishes


def wishes_of(answer: HostAnswered | HostFailed) -> Wishes:
    """Return what the host wishes for a person, or refuse: an answer that is none lets nobody in."""
    if isinstance(answer, HostFailed):
        refuse(Reason.HOST_FAILED, f"the host's function failed after login: {answer.why}")
    match answer.answer:
        case Wishes() as wishes:
            return wishes
        case Declined(why):
            refuse(Reason.HOST_DECLINED, f"the host declines the person: {why}")
        case Vouched():
            refuse(Reason.HOST_FAILED, "the host vouched for somebody whom it was only told of")
        case _:
            assert_never(answer.answer)


def vouched_person(answer: HostAnswered | HostFailed, declined: Reason) -> Person:
    """Return the person for whom the host vouches; anything else lets nobody in."""
    if isinstance(answer, HostFailed):
        refuse(Reason.HOST_FAILED, f"the host's function failed: {answer.why}")
    match answer.answer:
        case Vouched(person):
            if not person.issuer or not person.subject:
                refuse(Reason.HOST_FAILED, "the host vouches for somebody without an issuer or a subject")
            return person
        case Declined(why):
            refuse(declined, f"the host does not vouch for the person: {why}")
        case Wishes():
            refuse(Reason.HOST_FAILED, "the host has wishes where it was asked who it is")
        case _:
            assert_never(answer.answer)

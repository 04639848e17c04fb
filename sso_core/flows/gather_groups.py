"""The chapter in which a directory service lists the groups of the person, page by page.

[ReadingGroups ...] -> ReadingAccount
"""

from __future__ import annotations

import attrs

from sso_core.effects import Effect
from sso_core.events import HttpResponse, Unreachable
from sso_core.failures import Refusal
from sso_core.flows.attempt import Attempt, Finishing
from sso_core.flows.enter import ReadingAccount, read_account
from sso_core.identity.gathered import Gathered
from sso_core.providers.graph import GroupLists, WhenIncomplete
from sso_core.secret import Secret
from sso_core.sessions.pending_login import PendingLogin


@attrs.frozen
class ReadingGroups(Finishing):
    """Waits for the next pages, one of each list that goes on."""

    attempt: Attempt
    login: PendingLogin
    gathered: Gathered
    access_token: Secret
    lists: GroupLists

    def asks(self) -> tuple[Effect, ...]:
        """Ask for all of them at once."""
        return self.lists.requests(self.access_token)

    def receive(self, *answers: HttpResponse | Unreachable, now: float) -> ReadingGroups | ReadingAccount:
        """Add what they list; go on until there is no page left."""
        lists = self.lists.after(answers)
        return read_groups(self.attempt, self.login, self.gathered, self.access_token, lists, now)


def read_groups(
    attempt: Attempt, login: PendingLogin, gathered: Gathered, access_token: Secret, lists: GroupLists, now: float
) -> ReadingGroups | ReadingAccount:
    """Go on with the lists, or with the account once they are read.

    Refuses with GROUPS_UNREACHABLE a login whose groups cannot all be read, unless the operator lets it go on with
    those that were: a partial list never stands for a whole one. Lists that take too long are read no further.
    """
    lists = lists.in_time(now)
    if lists.faults and lists.graph.when_incomplete is WhenIncomplete.REFUSE:
        raise Refusal(lists.faults[0])
    if lists.pending:
        return ReadingGroups(attempt, login, gathered, access_token, lists)
    whole = attrs.evolve(gathered, listing=lists.listing(), notes=(*gathered.notes, *lists.faults))
    return read_account(attempt, login, whole)

"""The rows of consent: each organisation's rules, and what each guardian or representative has answered."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from db.schema import UtcDateTime, metadata
from rooms.consent_rule import Answer, Demand, OwnRule, Said

consent_rules = sa.Table(
    "consent_rules",
    metadata,
    sa.Column("organisation", sa.String(64), primary_key=True),
    sa.Column("meeting_type", sa.String(40), primary_key=True),
    sa.Column("child", sa.String(20)),
    sa.Column("represented", sa.String(20)),
    sa.Column("decides_from", sa.Integer),
    sa.Column("otherwise", sa.Boolean),
)
consents = sa.Table(
    "consents",
    metadata,
    sa.Column("invitation", sa.String(40), sa.ForeignKey("invitations.id"), primary_key=True),
    sa.Column("meeting", sa.String(40), sa.ForeignKey("meetings.id"), nullable=False, index=True),
    sa.Column("said", sa.String(20), nullable=False),
    sa.Column("organisations", sa.JSON, nullable=False),
    sa.Column("person", sa.String(40), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("grounds", sa.String(200), nullable=False),
)


class ConsentRows:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def rules(self, organisation: str) -> dict[str, OwnRule]:
        """What the organisation has set itself, by meeting type and `consent_rule.EVERY`."""
        query = sa.select(consent_rules).where(consent_rules.c.organisation == organisation)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
        return {
            row.meeting_type: OwnRule(
                Demand(row.child) if row.child else None,
                Demand(row.represented) if row.represented else None,
                row.decides_from,
                row.otherwise,
            )
            for row in rows
        }

    async def set_rules(self, organisation: str, rules: Mapping[str, OwnRule]) -> None:
        """All of an organisation's, in place of those before."""
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(consent_rules).where(consent_rules.c.organisation == organisation))
            for meeting_type, rule in rules.items():
                values = {
                    "child": rule.child.value if rule.child else None,
                    "represented": rule.represented.value if rule.represented else None,
                    "decides_from": rule.decides_from,
                    "otherwise": rule.otherwise,
                }
                key = {"organisation": organisation, "meeting_type": meeting_type}
                await connection.execute(sa.insert(consent_rules).values(**key, **values))

    async def answers(self, meeting: str) -> dict[str, Answer]:
        """By invitation."""
        query = sa.select(consents).where(consents.c.meeting == meeting)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
        return {
            row.invitation: Answer(
                row.invitation, row.meeting, Said(row.said), tuple(row.organisations), row.person, row.at, row.grounds
            )
            for row in rows
        }

    async def put(self, answer: Answer) -> None:
        """In place of the same invitation's earlier answer."""
        values = {
            "invitation": answer.invitation,
            "meeting": answer.meeting,
            "said": answer.said.value,
            "organisations": list(answer.organisations),
            "person": answer.person,
            "at": answer.at,
            "grounds": answer.grounds,
        }
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(consents).where(consents.c.invitation == answer.invitation))
            await connection.execute(sa.insert(consents).values(**values))

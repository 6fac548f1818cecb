"""The rows of the assurance policy: what each organisation demands, and what a meeting's leader has raised."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.identity import AssuranceLevel, Method
from db.schema import metadata
from rooms.assurance_rule import Audience, Rule

assurance_rules = sa.Table(
    "assurance_rules",
    metadata,
    sa.Column("organisation", sa.String(64), primary_key=True),
    sa.Column("meeting_type", sa.String(40), primary_key=True),
    sa.Column("audience", sa.String(16), primary_key=True),
    sa.Column("methods", sa.JSON, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
)
assurance_raised = sa.Table(
    "assurance_raised",
    metadata,
    sa.Column("meeting", sa.String(40), sa.ForeignKey("meetings.id"), primary_key=True),
    sa.Column("audience", sa.String(16), primary_key=True),
    sa.Column("methods", sa.JSON, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
)

Key = tuple[str, Audience]
"""A meeting type, and whom the rule is for."""


class AssuranceRows:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def rules(self, organisation: str) -> dict[Key, Rule]:
        """What the organisation has set itself; the defaults hold for the rest."""
        query = sa.select(assurance_rules).where(assurance_rules.c.organisation == organisation)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
        return {(row.meeting_type, Audience(row.audience)): _rule(row.methods, row.level) for row in rows}

    async def set_rules(self, organisation: str, rules: Mapping[Key, Rule]) -> None:
        """All of an organisation's, in place of those before."""
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(assurance_rules).where(assurance_rules.c.organisation == organisation))
            for (meeting_type, audience), rule in rules.items():
                key = {"organisation": organisation, "meeting_type": meeting_type, "audience": audience.value}
                await connection.execute(sa.insert(assurance_rules).values(**key, **_values(rule)))

    async def raised(self, meeting: str) -> dict[Audience, Rule]:
        query = sa.select(assurance_raised).where(assurance_raised.c.meeting == meeting)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
        return {Audience(row.audience): _rule(row.methods, row.level) for row in rows}

    async def set_raised(self, meeting: str, rules: Mapping[Audience, Rule]) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(assurance_raised).where(assurance_raised.c.meeting == meeting))
            for audience, rule in rules.items():
                key = {"meeting": meeting, "audience": audience.value}
                await connection.execute(sa.insert(assurance_raised).values(**key, **_values(rule)))


def _values(rule: Rule) -> dict[str, object]:
    return {"methods": sorted(method.value for method in rule.methods), "level": int(rule.level)}


def _rule(methods: list[str], level: int) -> Rule:
    return Rule(frozenset(map(Method, methods)), AssuranceLevel(level))

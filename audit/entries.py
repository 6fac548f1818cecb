"""The stored form of a record: a public envelope, which is the leaf of the tree, and a payload that can be erased.

The envelope is canonical JSON of ``seq``, ``time``, ``type`` and ``payload``, the last being SHA-256(salt ||
payload) in hex. The salt makes the
hash say nothing about an erased payload: without it, names could be tried one by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from audit import canonical
from audit.canonical import NotCanonical, Scalar, Value
from audit.events import Actor, Event, EventType, Record, read_time, written_time
from audit.tree import leaf_hash

SALT_SIZE = 32


class BadEntry(ValueError):
    """A stored entry that nothing of ours can have written, or whose payload is not the one it was stored with."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log. envelope, payload: canonical JSON as stored; salt and payload are None once erased."""

    seq: int
    envelope: bytes
    salt: bytes | None
    payload: bytes | None

    @property
    def leaf(self) -> bytes:
        return leaf_hash(self.envelope)

    @property
    def erased(self) -> bool:
        return self.salt is None and self.payload is None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stays readable for ever: place, time, type and the hash that binds the payload."""

    seq: int
    time: datetime
    type: EventType
    payload_hash: bytes


def payload_of(event: Event) -> bytes:
    """The payload of `event`, identity numbers masked. Raises ValueError where it has no canonical form."""
    return canonical.encode(_payload(event.masked()))


def seal(kind: EventType, payload: bytes, *, seq: int, time: datetime, salt: bytes) -> Entry:
    """The entry at place `seq`."""
    envelope = canonical.encode(
        {
            "seq": seq,
            "time": written_time(time),
            "type": kind.value,
            "payload": sha256(salt + payload).hexdigest(),
        }
    )
    return Entry(seq, envelope, salt, payload)


def read_envelope(data: bytes) -> Envelope:
    """Raises BadEntry."""
    try:
        match canonical.decode(data):
            case {"seq": int(seq), "time": str(time), "type": str(kind), "payload": str(digest)}:
                return Envelope(seq, read_time(time), EventType(kind), bytes.fromhex(digest))
    except (NotCanonical, ValueError):
        pass
    raise BadEntry("the envelope is not in its written form")


def payload_fits(entry: Entry, envelope: Envelope) -> bool:
    """Whether salt and payload are those the entry was stored with; False too when one or both are gone."""
    if entry.salt is None or entry.payload is None:
        return False
    return sha256(entry.salt + entry.payload).digest() == envelope.payload_hash


def read_record(entry: Entry) -> Record:
    """The record of a stored entry. Raises BadEntry when the payload is not what the envelope binds."""
    envelope = read_envelope(entry.envelope)
    if entry.erased:
        return Record(envelope.seq, envelope.time, envelope.type, None)
    if entry.payload is None or not payload_fits(entry, envelope):
        raise BadEntry("the payload is not the one the entry was stored with")
    return Record(envelope.seq, envelope.time, envelope.type, read_event(envelope.type, entry.payload))


def read_event(kind: EventType, payload: bytes) -> Event:
    """Raises BadEntry."""
    try:
        match canonical.decode(payload):
            case {
                "actor": actor,
                "organisation": (str() | None) as organisation,
                "meeting": (str() | None) as meeting,
                "subject": subject,
                "details": Mapping() as details,
            }:
                return Event(kind, _actor(actor), organisation, meeting, _actor(subject), _details(details))
    except (NotCanonical, ValueError):
        pass
    raise BadEntry("the payload is not in its written form")


def _payload(event: Event) -> Value:
    return {
        "actor": written_actor(event.actor),
        "organisation": event.organisation,
        "meeting": event.meeting,
        "subject": written_actor(event.subject),
        "details": event.details,
    }


def written_actor(actor: Actor | None) -> dict[str, str] | None:
    """A person as JSON has one, in the log's payload and in answers about it."""
    if actor is None:
        return None
    return {
        "person": actor.person,
        "name": actor.name,
        "role": actor.role,
        "organisation": actor.organisation,
        "method": actor.method,
    }


def _actor(value: Value) -> Actor | None:
    match value:
        case None:
            return None
        case {
            "person": str(person),
            "name": str(name),
            "role": str(role),
            "organisation": str(organisation),
            "method": str(method),
        }:
            return Actor(person, name, role, organisation, method)
    raise BadEntry("a person is not in the written form")


def _details(value: Mapping[str, Value]) -> dict[str, Scalar]:
    return {key: item for key, item in value.items() if isinstance(item, str | int | None)}

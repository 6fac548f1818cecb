"""Everything identification says no to: a code for programs, and words for the person in Swedish and English.

`signaling/problems.py` turns a `Refusal` into RFC 9457 problem details; pages show `text(language)`.
The words follow the tone of a calm district nurse: first what happened, then what to do.
"""

from typing import ClassVar

from audit.events import Reason


class Refusal(Exception):
    """A no that a person or program is told about. The texts never hold personal data."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 403
    swedish: ClassVar[str] = "Det gick inte."
    english: ClassVar[str] = "That did not work."

    def __init__(self, *, retry_after: int | None = None) -> None:
        """retry_after: seconds until another try can succeed (HTTP Retry-After), where that is known."""
        super().__init__(self.code)
        self.retry_after = retry_after

    def text(self, language: str) -> str:
        return self.english if language == "en" else self.swedish


class InvitationRefused(Refusal):
    """The personal link lets nobody in. `reason` is what the log says."""

    reason: ClassVar[str] = Reason.REFUSED


class InvitationUnknown(InvitationRefused):
    code = "invitation-unknown"
    status = 404
    reason = Reason.UNKNOWN
    swedish = "Länken gäller inte. Be den som bjöd in dig om en ny."
    english = "This link is not valid. Ask the person who invited you for a new one."


class InvitationExpired(InvitationRefused):
    code = "invitation-expired"
    status = 410
    reason = Reason.EXPIRED
    swedish = "Länken gäller inte längre. Be den som bjöd in dig om en ny."
    english = "This link is no longer valid. Ask the person who invited you for a new one."


class WrongPerson(InvitationRefused):
    code = "wrong-person"
    status = 403
    reason = Reason.WRONG_PERSON
    swedish = "Det här är en personlig länk till någon annan. Be den som bjöd in dig om en egen."
    english = "This is a personal link for someone else. Ask the person who invited you for one of your own."


class NotStaff(Refusal):
    code = "not-staff"
    status = 403
    swedish = "Du är inte upplagd som personal här. Har du en inbjudan, öppna länken i den. Annars, kontakta din chef."
    english = (
        "You are not registered as staff here. If you have an invitation, open its link. Otherwise, ask your manager."
    )


class HighRisk(Refusal):
    code = "identification-high-risk"
    status = 403
    swedish = (
        "BankID varnar för den här identifieringen, så vi släpper inte in någon. Har någon ringt dig och bett dig "
        "använda BankID? Lägg på. Öppna annars din inbjudan på nytt och försök igen."
    )
    english = (
        "BankID warns about this identification, so nobody is let in. Has someone phoned and asked you to use BankID? "
        "Hang up. Otherwise open your invitation anew and try again."
    )


class NumberNotRead(Refusal):
    code = "identification-unreadable"
    status = 502
    swedish = "BankID gav ett svar som vi inte kan läsa. Försök igen. Händer det igen, ring den som bjöd in dig."
    english = "BankID gave an answer we cannot read. Try again. If it happens again, call the person who invited you."


class IdentificationUnknown(Refusal):
    """No such transaction in this browser: never says whether it exists in another."""

    code = "identification-unknown"
    status = 404
    swedish = (
        "Identifieringen hör inte till det här fönstret. Gå till fönstret där du började, eller öppna din länk igen."
    )
    english = (
        "This identification does not belong to this window. Go to the window where you started, or open your link "
        "again."
    )


class TooManyIdentifications(Refusal):
    code = "too-many-identifications"
    status = 429
    swedish = "Många identifierar sig just nu. Vänta en minut och försök igen."
    english = "Many people are identifying themselves right now. Wait a minute and try again."


class IdentificationUnavailable(Refusal):
    """BankID is down, busy or answers nonsense, or our own set-up is wrong; the log says which."""

    code = "identification-unavailable"
    status = 503
    swedish = "BankID svarar inte just nu. Inget har hänt. Vänta en stund och försök igen."
    english = "BankID does not answer right now. Nothing has happened. Wait a while and try again."


class AlreadyInProgress(Refusal):
    """RFA4."""

    code = "identification-already-in-progress"
    status = 409
    swedish = "En identifiering eller underskrift för det här personnumret är redan påbörjad. Försök igen."
    english = "An identification or signing for this personal number is already started. Please try again."


class NotLogged(Refusal):
    """The audit log cannot be written: nobody is let in."""

    code = "audit-unavailable"
    status = 503
    swedish = (
        "Ingen kan släppas in just nu, för loggen går inte att skriva. Möten som pågår fortsätter. "
        "Försök igen om en stund, eller ring den som bjöd in dig."
    )
    english = (
        "Nobody can be let in right now, because the log cannot be written. Meetings under way go on. "
        "Try again in a while, or call the person who invited you."
    )


class SimulatorRefused(Refusal):
    """Demo only: what the simulated BankID app says when a code or token cannot be used."""

    code = "simulator-refused"
    status = 409
    swedish = "Koden är för gammal eller redan använd. Läs av den på nytt."
    english = "The code is too old or already used. Scan it again."


class NotYourOrganisation(Refusal):
    code = "not-your-organisation"
    status = 403
    swedish = "Det kan bara organisationens administratör göra. Fråga din chef vem det är."
    english = "Only the organisation's administrator can do that. Ask your manager who it is."


class UnknownHere(Refusal):
    """Also said of what exists in another organisation."""

    code = "unknown-here"
    status = 404
    swedish = "Det finns inte, eller hör till en annan organisation. Gå tillbaka till listan."
    english = "That does not exist, or belongs to another organisation. Go back to the list."


class TakenAlready(Refusal):
    code = "taken-already"
    status = 409
    swedish = "Det finns redan, eller används. Ändra det som finns i stället."
    english = "That exists already, or is in use. Change what is there instead."


class LastAdministrator(Refusal):
    code = "last-administrator"
    status = 409
    swedish = (
        "Då blir organisationen utan administratör. Ge någon annan den behörigheten tills vidare först, och gör om det "
        "här sedan."
    )
    english = (
        "That would leave the organisation without an administrator. Give somebody else that permission until further "
        "notice first, then do this again."
    )


REFUSALS: tuple[type[Refusal], ...] = (
    InvitationUnknown,
    InvitationExpired,
    WrongPerson,
    NotStaff,
    HighRisk,
    NumberNotRead,
    IdentificationUnknown,
    TooManyIdentifications,
    IdentificationUnavailable,
    AlreadyInProgress,
    NotLogged,
    SimulatorRefused,
    NotYourOrganisation,
    UnknownHere,
    TakenAlready,
    LastAdministrator,
)
"""Every refusal by class, for documentation and for finding one by its stored code."""


def refusal(code: str) -> Refusal:
    """The refusal a stored code stands for."""
    return next((kind for kind in REFUSALS if kind.code == code), Refusal)()

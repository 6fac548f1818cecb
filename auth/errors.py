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


class OnAnotherDevice(Refusal):
    """Started for this device, approved on another: most likely somebody was led to approve a stranger's login."""

    code = "identification-on-another-device"
    status = 403
    swedish = (
        "BankID öppnades på en annan enhet eller ett annat nät än den här sidan, så vi släpper inte in någon. Har "
        "någon ringt dig eller skickat dig en länk till BankID? Lägg på. Annars, försök igen och läs av koden med den "
        "enhet där du har BankID."
    )
    english = (
        "BankID was opened on another device or network than this page, so nobody is let in. Has someone phoned you or "
        "sent you a link to BankID? Hang up. Otherwise, try again and scan the code with the device that has your "
        "BankID."
    )


class CookiesBlocked(Refusal):
    """The browser sent nothing back of what identification is bound to."""

    code = "cookies-blocked"
    status = 400
    swedish = (
        "Webbläsaren sparar inte den kaka (cookie) som behövs för att veta att det är du. Tillåt kakor för den här "
        "sidan, eller öppna länken i en annan webbläsare."
    )
    english = (
        "The browser does not keep the cookie that is needed to know that it is you. Allow cookies for this site, or "
        "open the link in another browser."
    )


class ForPeople(Refusal):
    """A program that says it fetches links for somebody: it is shown the page and starts nothing."""

    code = "for-people"
    status = 403
    swedish = "Här identifierar sig människor. Öppna länken i en vanlig webbläsare."
    english = "This is where people identify themselves. Open the link in an ordinary browser."


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


class SessionUnknown(Refusal):
    """No login of this person's: never says whether it is another's."""

    code = "session-unknown"
    status = 404
    swedish = "Den inloggningen finns inte längre. Ladda om sidan."
    english = "That login does not exist any more. Reload the page."


class IdentifyAgain(Refusal):
    code = "identify-again"
    status = 403
    swedish = (
        "Visa först att det är du som sitter här: identifiera dig på nytt, eller öppna din personliga länk igen. "
        "Sedan kan du logga ut på andra ställen."
    )
    english = (
        "First show that it is you who sits here: identify yourself again, or open your personal link again. "
        "Then you can log out in other places."
    )


class TooManyIdentifications(Refusal):
    code = "too-many-identifications"
    status = 429
    swedish = "Många identifierar sig just nu. Vänta en stund och försök igen."
    english = "Many people are identifying themselves right now. Wait a while and try again."


class IdentificationUnavailable(Refusal):
    """BankID is down, busy or answers nonsense, or our own set-up is wrong; the log says which."""

    code = "identification-unavailable"
    status = 503
    swedish = "BankID svarar inte just nu. Inget har hänt. Vänta en stund och försök igen."
    english = "BankID does not answer right now. Nothing has happened. Wait a while and try again."


class BankIdMaintenance(IdentificationUnavailable):
    """BankID says so itself (RFA5, with what is known besides)."""

    code = "identification-maintenance"
    swedish = "Internt tekniskt fel hos BankID, som är stängt en stund. Inget har hänt. Försök igen om några minuter."
    english = "Internal error at BankID, which is closed for a while. Nothing has happened. Try again in a few minutes."


class AlreadyInProgress(Refusal):
    """RFA4."""

    code = "identification-already-in-progress"
    status = 409
    swedish = "En identifiering eller underskrift för det här personnumret är redan påbörjad. Försök igen."
    english = "An identification or signing for this personal number is already started. Please try again."


class ProviderUnavailable(Refusal):
    """An OpenID provider (SITHS eID, Freja) is down, slow or answers something else, or our set-up with it is wrong."""

    code = "provider-unavailable"
    status = 503
    swedish = (
        "Tjänsten som ska visa vem du är svarar inte just nu. Inget har hänt. Vänta en stund och försök igen, eller "
        "välj ett annat sätt."
    )
    english = (
        "The service that shows who you are does not answer right now. Nothing has happened. Wait a while and try "
        "again, or choose another way."
    )


class ProviderNotTrusted(Refusal):
    """An answer from or by way of an OpenID provider that was not one to our question, or not theirs."""

    code = "provider-not-trusted"
    status = 502
    swedish = (
        "Svaret på vem du är gick inte att lita på, så vi släpper inte in någon. Försök igen, eller välj ett annat "
        "sätt. Händer det igen, ring hjälpen."
    )
    english = (
        "The answer about who you are could not be trusted, so nobody is let in. Try again, or choose another way. "
        "If it happens again, call the help line."
    )


class ClocksDiffer(Refusal):
    code = "clocks-differ"
    status = 502
    swedish = (
        "Klockan hos oss och klockan hos tjänsten som visar vem du är går inte lika, så svaret gick inte att använda. "
        "Det är inte ditt fel. Välj ett annat sätt, eller ring hjälpen."
    )
    english = (
        "Our clock and the clock of the service that shows who you are do not agree, so the answer could not be used. "
        "It is not your fault. Choose another way, or call the help line."
    )


class PersonNotTold(Refusal):
    code = "person-not-told"
    status = 502
    swedish = "Tjänsten berättade inte vem du är på ett sätt som vi kan läsa. Välj ett annat sätt, eller ring hjälpen."
    english = "The service did not tell who you are in a way we can read. Choose another way, or call the help line."


class AssuranceTooLow(Refusal):
    """Identified, yet not surely enough, or by a method that is not enough here."""

    code = "assurance-too-low"
    status = 403
    swedish = (
        "Här behövs en säkrare e-legitimation än den du använde. Välj ett annat sätt, till exempel BankID eller "
        "Freja+. Har du ingen sådan, ring den som bjöd in dig."
    )
    english = (
        "A stronger e-identification than the one you used is needed here. Choose another way, for example BankID or "
        "Freja+. If you have none, call the person who invited you."
    )


class IdentificationGivenUp(Refusal):
    code = "identification-given-up"
    status = 403
    swedish = "Identifieringen avbröts. Inget har hänt. Försök igen när du är redo, eller välj ett annat sätt."
    english = "The identification was cancelled. Nothing has happened. Try again when ready, or choose another way."


class IdentificationExpired(Refusal):
    code = "identification-expired"
    status = 410
    swedish = "Det tog för lång tid, så identifieringen gäller inte längre. Inget har hänt. Börja om när du är redo."
    english = (
        "It took too long, so the identification is no longer valid. Nothing has happened. Start again when ready."
    )


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


class NotOperator(Refusal):
    """The operator's permission, given or taken by an organisation's administrator."""

    code = "not-operator"
    status = 403
    swedish = "Behörigheten drift ges och tas bara av den som själv har den. Lämna den som den var, så går resten."
    english = "Only somebody who is an operator gives or takes that permission. Leave it as it was, and the rest works."


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
    OnAnotherDevice,
    ForPeople,
    NumberNotRead,
    IdentificationUnknown,
    SessionUnknown,
    IdentifyAgain,
    TooManyIdentifications,
    IdentificationUnavailable,
    BankIdMaintenance,
    AlreadyInProgress,
    ProviderUnavailable,
    ProviderNotTrusted,
    ClocksDiffer,
    PersonNotTold,
    AssuranceTooLow,
    IdentificationGivenUp,
    IdentificationExpired,
    CookiesBlocked,
    NotLogged,
    SimulatorRefused,
    NotYourOrganisation,
    NotOperator,
    UnknownHere,
    TakenAlready,
    LastAdministrator,
)
"""Every refusal by class, for documentation and for finding one by its stored code."""


def refusal(code: str) -> Refusal:
    """The refusal a stored code stands for."""
    return next((kind for kind in REFUSALS if kind.code == code), Refusal)()

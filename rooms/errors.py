"""What can stop a person in a meeting, said to that person: what happened, then what to do.

Each is an `auth.errors.Refusal`: a stable code (RFC 9457 problem type), an HTTP status, words in Swedish and English.
The values that fill the words never hold an identity number or a token. Links that lead nowhere are `auth.errors`' own.
"""

from collections.abc import Sequence

from auth.errors import InvitationExpired, Refusal
from rooms.consent_rule import Demand, Missing, Needed, Why


class MeetingError(Refusal):
    """The base. `values` fill the places in the text."""

    status = 409

    def __init__(self, **values: str) -> None:
        super().__init__()
        self.values = values

    def text(self, language: str) -> str:
        return super().text(language).format_map(self.values)


class MeetingUnknown(MeetingError):
    """Also said of meetings that exist and are not for this person."""

    code = "meeting-unknown"
    status = 404
    swedish = "Vi hittar inte mötet. Öppna din länk en gång till, eller ring den som bjöd in dig."
    english = "We cannot find the meeting. Open your link once more, or call the person who invited you."


class NotAllowed(MeetingError):
    code = "not-allowed"
    status = 403
    swedish = "Det kan bara den som leder mötet göra. Be {leader} om hjälp."
    english = "Only the person leading the meeting can do that. Ask {leader} for help."


class NotYourPost(MeetingError):
    code = "not-your-post"
    status = 403
    swedish = "Du kan inte planera möten med den här inloggningen. Be din chef om rätt behörighet."
    english = "You cannot plan meetings with this login. Ask your manager for the right permission."


class Removed(MeetingError):
    code = "removed"
    status = 403
    swedish = "Du är inte längre med i mötet. Ring {organisation} på {phone} om det blev fel."
    english = "You are no longer in the meeting. Call {organisation} on {phone} if this is a mistake."


class Denied(MeetingError):
    code = "denied"
    status = 403
    swedish = "Du släpptes inte in i det här mötet. Ring {organisation} på {phone} om det blev fel."
    english = "You were not let in to this meeting. Call {organisation} on {phone} if this is a mistake."


class MeetingEnded(MeetingError):
    code = "meeting-ended"
    status = 410
    swedish = "Mötet är slut. Ring {organisation} på {phone} om du undrar något."
    english = "The meeting has ended. Call {organisation} on {phone} if you have a question."


class MeetingCancelled(MeetingError):
    code = "meeting-cancelled"
    status = 410
    swedish = "Mötet är inställt. Ring {organisation} på {phone} om du undrar något."
    english = "The meeting has been cancelled. Call {organisation} on {phone} if you have a question."


class LinkOfMeetingOver(InvitationExpired):
    """A link that was right until its meeting was over: a new one would lead nowhere, so none is advised.

    To programs and the log it is an expired link as any other. Told before we know who opened it: the organisation, as
    while the link was valid, and not whom the meeting is about.
    """

    def __init__(self, *, organisation: str, phone: str) -> None:
        super().__init__()
        self.organisation, self.phone = organisation, phone

    def text(self, language: str) -> str:
        return super().text(language).format(organisation=self.organisation)


class LinkOfEndedMeeting(LinkOfMeetingOver):
    swedish = "Mötet är slut. Du kan stänga sidan. Undrar du något, ring {organisation}."
    english = "The meeting has ended. You can close this page. If you have a question, call {organisation}."


class LinkOfCancelledMeeting(LinkOfMeetingOver):
    swedish = "Mötet är inställt. Du kan stänga sidan. Undrar du något, ring {organisation}."
    english = "The meeting has been cancelled. You can close this page. If you have a question, call {organisation}."


class WaitingRoomNotOpen(MeetingError):
    """No error to who comes early: they may stay on the page. The text is what they are told."""

    code = "waiting-room-not-open"
    status = 202
    swedish = "Du är tidig. Väntrummet öppnar kl. {at}. Du kan lämna sidan öppen."
    english = "You are early. The waiting room opens at {at}. You can leave this page open."


class MeetingNotStarted(MeetingError):
    code = "meeting-not-started"
    swedish = "Mötet har inte startat. Tryck på Starta mötet först."
    english = "The meeting has not started. Press Start the meeting first."


class MeetingAlreadyOpen(MeetingError):
    code = "meeting-already-open"
    swedish = "Mötet har redan startat, så det går inte att ändra. Du kan fortfarande bjuda in fler."
    english = "The meeting has already started and cannot be changed. You can still invite more people."


class TooEarlyToStart(MeetingError):
    code = "too-early-to-start"
    swedish = "Mötet är planerat till {when}. Det kan startas två timmar innan. Ändra tiden om ni vill ses nu."
    english = "The meeting is planned for {when}. It can be started two hours before. Change the time to meet now."


class TooLateToStart(MeetingError):
    code = "too-late-to-start"
    swedish = "Tiden för mötet har gått ut. Ändra tiden, så kan ni starta."
    english = "The time of the meeting has passed. Change the time, then you can start."


class AssuranceNotEnough(MeetingError):
    """Identified, yet by a method or at a level that is not enough for this meeting."""

    code = "assurance-not-enough"
    status = 403
    swedish = (
        "Det här mötet kräver en säkrare identifiering: {ways}. Logga ut, öppna din länk eller logga in på nytt, och "
        "välj ett av de sätten."
    )
    english = (
        "This meeting needs a stronger identification: {ways}. Log out, open your link or log in again, and choose one "
        "of those ways."
    )


class ConsentMissing(MeetingError):
    """For those who lead: the meeting needs somebody's consent and has it not (`rooms.consent_rule`)."""

    code = "consent-missing"
    swedish = "Samtycke saknas, så mötet får inte börja och ingen kan släppas in."
    english = "Consent is missing, so the meeting may not begin and nobody can be let in."

    def __init__(self, needed: Needed | None = None, *, under_way: bool = False) -> None:
        super().__init__()
        self.needed = needed
        self.under_way = under_way

    def text(self, language: str) -> str:
        """That it is missing, whose it is, and what to do: before the meeting, or in the middle of it.

        The first sentence names nobody: the travel laptop shows no more of it.
        """
        english, needed = language == "en", self.needed
        first = _NOW[english] if self.under_way else super().text(language)
        if needed is None:
            return first
        advice = _what(needed, english=english, under_way=self.under_way)
        return " ".join([first, *_who(needed.missing, english=english), *advice])


_NOW = ("Samtycke saknas, så ingen mer kan släppas in.", "Consent is missing, so nobody more can be let in.")


def _who(missing: Sequence[Missing], *, english: bool) -> list[str]:
    and_ = " and " if english else " och "
    return [_WHY[one.why][english].format(name=one.name, organisations=and_.join(one.organisations)) for one in missing]


_WHY = {
    Why.UNANSWERED: ("{name} har inte svarat än.", "{name} has not answered yet."),
    Why.REFUSED: ("{name} har sagt nej.", "{name} has said no."),
    Why.WITHDRAWN: ("{name} har tagit tillbaka sitt ja.", "{name} has taken back their yes."),
    Why.OUTDATED: (
        "{name} behöver svara igen, för {organisations} har bjudits in sedan dess.",
        "{name} needs to answer again, for {organisations} has been invited since.",
    ),
    Why.NOBODY: (
        "Ingen vårdnadshavare är inbjuden. Bjud in den eller dem som är det.",
        "No guardian is invited. Invite the one or those who have custody.",
    ),
    Why.ANOTHER: (
        "Bara en vårdnadshavare är inbjuden. Bjud in den andra också, eller ange att barnet bara har en.",
        "Only one guardian is invited. Invite the other one too, or state that the child has only one.",
    ),
}


def _what(needed: Needed, *, english: bool, under_way: bool) -> list[str]:
    """What to do about it, the nearest first."""
    whys = [one.why for one in needed.missing]
    advice = []
    if Why.UNANSWERED in whys or Why.OUTDATED in whys:
        if needed.demand is Demand.ONE_GUARDIAN and len(whys) > 1:
            advice.append(("Det räcker att en av dem säger ja.", "A yes from one of them is enough."))
        advice.append(
            ("Be om svar: det ges på sidan bakom den personliga länken.",
             "Ask for an answer: it is given on the page behind the personal link.")
        )  # fmt: skip
        if needed.rule.otherwise:
            advice.append(
                ("Har ni redan fått ett ja på annat sätt, registrera det på mötets sida.",
                 "If you have been given a yes in another way, register it on the meeting's page.")
            )  # fmt: skip
    if Why.REFUSED in whys or Why.WITHDRAWN in whys:
        advice.append(
            ("Utan ett ja får mötet inte fortsätta: prata med den det gäller nu, eller avsluta mötet.",
             "Without a yes the meeting may not go on: talk to the person now, or end the meeting.")
            if under_way else
            ("Utan ett ja får mötet inte hållas: ring och prata med den det gäller.",
             "Without a yes the meeting may not be held: call and talk to the person.")
        )  # fmt: skip
    return [words[english] for words in advice]


class ConsentNotAsked(MeetingError):
    code = "consent-not-asked"
    status = 403
    swedish = "Det här mötet behöver inget samtycke av dig."
    english = "This meeting does not need your consent."


class ConsentNeedsEId(MeetingError):
    """A code by SMS, and a login that was made for something else, prove too little for a consent."""

    code = "consent-needs-e-id"
    status = 403
    swedish = "Öppna din personliga länk till mötet och visa vem du är med e-legitimation. Då kan du svara."
    english = (
        "Open your personal link to the meeting and show who you are with an e-identification. Then you can answer."
    )


class NotRegisteredHere(MeetingError):
    code = "consent-not-otherwise"
    status = 403
    swedish = "Organisationen kräver att var och en själv svarar med e-legitimation."
    english = "The organisation demands that each person answers with an e-identification."


class AnsweredThemselves(MeetingError):
    """A no that somebody gave is not written over by anybody else."""

    code = "consent-answered"
    swedish = "{name} har själv svarat nej. Bara {name} kan ändra det."
    english = "{name} has answered no. Only {name} can change that."


class LobbyShut(MeetingError):
    code = "lobby-shut"
    swedish = "Ingen kan släppas in medan den som leder mötet är borta. Gå in i mötet först."
    english = "Nobody can be let in while the person leading the meeting is away. Enter the meeting first."


class ParticipantUnknown(MeetingError):
    code = "participant-unknown"
    status = 404
    swedish = "Personen är inte här. Listan visar vilka som är med just nu."
    english = "That person is not here. The list shows who is here now."


class NotWaiting(MeetingError):
    code = "not-waiting"
    swedish = "{name} väntar inte längre. Listan visar vilka som väntar just nu."
    english = "{name} is no longer waiting. The list shows who is waiting now."


class NotHere(MeetingError):
    code = "not-here"
    swedish = "{name} är inte i mötet just nu."
    english = "{name} is not in the meeting now."


class EncryptionNeeded(MeetingError):
    """For one who leads, in a browser that cannot encrypt end to end: they must decide it themselves."""

    code = "encryption-needed"
    swedish = (
        "Den här webbläsaren kan inte kryptera hela vägen. "
        "Öppna mötet i en nyare webbläsare, eller bestäm att du går in ändå."
    )
    english = (
        "This browser cannot encrypt end to end. Open the meeting in a newer browser, or decide to go in all the same."
    )


class CannotEncrypt(MeetingError):
    """For one who leads: somebody at the door can only take part if the meeting gives up end-to-end encryption."""

    code = "cannot-encrypt"
    swedish = "{name} har en webbläsare som inte kan kryptera hela vägen. Bestäm om {name} får vara med ändå."
    english = "{name} has a browser that cannot encrypt end to end. Decide whether {name} may take part all the same."


class LeadsTheMeeting(MeetingError):
    code = "leads-the-meeting"
    swedish = "{name} leder mötet. Lämna över mötet till någon annan först."
    english = "{name} is leading the meeting. Hand the meeting over to someone else first."


class NotSureEnoughToLead(MeetingError):
    """Somebody whose identification is not enough for one who leads; said to the one who appoints."""

    code = "not-sure-enough-to-lead"
    swedish = (
        "{name} har inte visat vem det är på ett sätt som räcker för att leda mötet. Det som räcker är {ways}. Be "
        "{name} öppna sin länk igen och välja ett av de sätten, eller välj någon annan."
    )
    english = (
        "{name} has not shown who it is in a way that is enough to lead the meeting. What is enough is {ways}. Ask "
        "{name} to open their link again and choose one of those ways, or choose someone else."
    )


class HomeTaken(MeetingError):
    code = "home-taken"
    swedish = "En annan dator är redan hemmets plats i mötet. Gå in utan att vara hemma, eller stäng den andra först."
    english = (
        "Another computer already has the home's place in the meeting. Enter without it, or close the other first."
    )


class RoomFull(MeetingError):
    code = "room-full"
    swedish = "Mötet är fullt: {limit} är redan med. Någon behöver lämna innan fler kan komma in."
    english = "The meeting is full: {limit} are already in it. Someone must leave before more can enter."


class ComesTooOften(MeetingError):
    """Each way in is in the log, and changes everybody's keys: one person has a bounded number a minute."""

    code = "comes-too-often"
    status = 429
    swedish = "Du har gått in i mötet många gånger på kort tid. Vänta en minut och försök igen."
    english = "You have come into the meeting many times in a short while. Wait a minute and try again."

    def __init__(self) -> None:
        super().__init__()
        self.retry_after = 60


class MediaFull(MeetingError):
    """The media server carries all it can: nothing new begins, and what is under way goes on."""

    code = "media-full"
    status = 503
    swedish = (
        "Många har möte just nu, så ett nytt kan inte börja. Möten som pågår fortsätter. "
        "Vänta en stund och försök igen, eller ses per telefon."
    )
    english = (
        "Many people are in meetings right now, so a new one cannot begin. Meetings under way go on. "
        "Wait a while and try again, or meet by phone."
    )


class TooManyInvitations(MeetingError):
    code = "too-many-invitations"
    status = 422
    swedish = "Ett möte kan ha högst {limit} inbjudna. Ta bort någon först."
    english = "A meeting can have at most {limit} invited people. Remove someone first."


class InvitationNotFound(MeetingError):
    """For the leader: the invitation named in the address is not of this meeting."""

    code = "invitation-not-found"
    status = 404
    swedish = "Inbjudan finns inte i det här mötet. Ladda om listan."
    english = "That invitation is not in this meeting. Reload the list."

"""BankID's recommended messages (RFA) in Swedish and English, and which one goes with which answer.

The words are BankID's own, from the integration guide's table of recommended user messages; they are shown unchanged.
"""

from typing import NamedTuple


class Text(NamedTuple):
    """One message in both languages."""

    swedish: str
    english: str

    def in_language(self, language: str) -> str:
        return self.english if language == "en" else self.swedish


RFA1 = Text("Starta BankID-appen.", "Start your BankID app.")
RFA3 = Text("Åtgärden avbruten. Försök igen.", "Action cancelled. Please try again.")
RFA4 = Text(
    "En identifiering eller underskrift för det här personnumret är redan påbörjad. Försök igen.",
    "An identification or signing for this personal number is already started. Please try again.",
)
RFA5 = Text("Internt tekniskt fel. Försök igen.", "Internal error. Please try again.")
RFA6 = Text("Åtgärden avbruten.", "Action cancelled.")
RFA8 = Text(
    "BankID-appen svarar inte. Kontrollera att den är startad och att du har internetanslutning. Om du inte har något "
    "giltigt BankID kan du skaffa ett hos din bank. Försök sedan igen.",
    "The BankID app is not responding. Please check that it’s started and that you have internet access. If you don’t "
    "have a valid BankID you can get one from your bank. Try again.",
)
RFA9 = Text(
    "Skriv in din säkerhetskod i BankID-appen och välj Identifiera eller Skriv under.",
    "Enter your security code in the BankID app and select Identify or Sign.",
)
RFA13 = Text("Försöker starta BankID-appen.", "Trying to start your BankID app.")
RFA15 = Text(
    "Söker efter BankID, det kan ta en liten stund … Om det har gått några sekunder och inget BankID har hittats har "
    "du sannolikt inget BankID som går att använda för den aktuella identifieringen/underskriften i den här enheten. "
    "Om du inte har något BankID kan du skaffa ett hos din bank.",
    "Searching for BankID, it may take a little while … If a few seconds have passed and still no BankID has been "
    "found, you probably don’t have a BankID which can be used for this identification/signing on this device. If you "
    "don’t have a BankID you can get one from your bank.",
)
RFA16 = Text(
    "Det BankID du försöker använda är för gammalt eller spärrat. Använd ett annat BankID eller skaffa ett nytt hos "
    "din bank.",
    "The BankID you are trying to use is blocked or too old. Please use another BankID or get a new one from your "
    "bank.",
)
RFA17A = Text(
    "BankID-appen verkar inte finnas i din dator eller mobil. Installera den och skaffa ett BankID hos din bank. "
    "Installera appen från din appbutik eller https://install.bankid.com",
    "The BankID app couldn’t be found on your computer or mobile device. Please install it and get a BankID from your "
    "bank. Install the app from your app store or https://install.bankid.com",
)
RFA17B = Text(
    "Misslyckades att läsa av QR-koden. Starta BankID-appen och läs av QR-koden. Kontrollera att BankID-appen är "
    "uppdaterad. Om du inte har BankID-appen måste du installera den och skaffa ett BankID hos din bank. Installera "
    "appen från din appbutik eller https://install.bankid.com",
    "Failed to scan the QR code. Start the BankID app and scan the QR code. Check that the BankID app is up to date. "
    "If you don't have the BankID app, you need to install it and get a BankID from your bank. Install the app from "
    "your app store or https://install.bankid.com",
)
RFA21 = Text("Identifiering eller underskrift pågår.", "Identification or signing in progress.")
RFA22 = Text("Okänt fel. Försök igen.", "Unknown error. Please try again.")
RFA23 = Text(
    "Fotografera och läs av din ID-handling med BankID-appen.",
    "Process your machine-readable travel document using the BankID app.",
)
# Not BankID's: what our own page says when all went well.
DONE = Text("Klart. Nu vet vi att det är du.", "Done. Now we know it is you.")
# Nor these: the order is approved, and the person is expected back from the app.
COME_BACK = Text(
    "Gå tillbaka från BankID-appen till den här sidan. Händer inget, avbryt och läs av koden med BankID i stället.",
    "Go back from the BankID app to this page. If nothing happens, cancel and scan the code with BankID instead.",
)
RETURNING = "awaitingReturn"

_PENDING = {"noClient": RFA1, "started": RFA15, "userSign": RFA9, "userMrtd": RFA23, RETURNING: COME_BACK}
_FAILED = {
    "userCancel": RFA6,
    "cancelled": RFA3,
    "expiredTransaction": RFA8,
    "certificateErr": RFA16,
    "internalError": RFA5,
    "requestTimeout": RFA5,
    "maintenance": RFA5,
    "alreadyInProgress": RFA4,
}


def message(status: str, hint: str, *, language: str, same_device: bool) -> str:
    """What the person reads. status: pending, complete or failed; hint: BankID's hintCode or error code.

    Hints nobody knows yet get the texts BankID sets aside for them. language: sv or en.
    """
    return _text(status, hint, same_device).in_language(language)


def _text(status: str, hint: str, same_device: bool) -> Text:
    match status, hint:
        case "complete", _:
            return DONE
        case "pending", "outstandingTransaction":
            return RFA13 if same_device else RFA1
        case "pending", _:
            return _PENDING.get(hint, RFA21)
        case _, "startFailed":
            return RFA17A if same_device else RFA17B
    return _FAILED.get(hint, RFA22)

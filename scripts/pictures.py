"""Makes the README's pictures of the real pages: ``make pictures``.

Runs the demo as on a weekday morning, lets five people through one meeting in real Chromium, and keeps what they see in
docs/pictures/. Their cameras show the drawings in docs/pictures/people/, one of them speaks. Needs Debian's chromium.
"""

import asyncio
import base64
import re
import shutil
import signal
import sys
import tempfile
import wave
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from playwright.async_api import Browser, Page, async_playwright, expect  # noqa: E402

from tests.browser.conftest import ARGUMENTS, CHROMIUM  # noqa: E402
from tests.browser.program import Program, token_of  # noqa: E402
from tests.browser.service import Service, start  # noqa: E402
from tests.browser.visitor import LONG, Screen, Visitor, eventually, visitor, with_bankid  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
PEOPLE = PICTURES / "people"
LARGEST = 250_000  # bytes; a README with eight pictures should still open on a phone
STOCKHOLM = ZoneInfo("Europe/Stockholm")
Sound = Literal["voice", "small", "none"]

# The demo with its clock at a weekday morning. SIGUSR1 lets six minutes pass, so that the log's picture has a length.
MORNING = """
import signal, sys, time_machine
from datetime import datetime, timedelta
travel = time_machine.travel(datetime.fromisoformat(sys.argv[1]), tick=True)
traveller = travel.start()
signal.signal(signal.SIGUSR1, lambda *_: traveller.shift(timedelta(minutes=6)))
from signaling.cli import main
sys.argv = ["hemmaplan", "demo"]
main()
"""

# Drawings do not move: few frames are enough, and five cameras at once are much for a small machine.
CALM_CAMERA = """(() => {
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = ({ video, ...rest }) =>
  open({ ...rest, ...(video ? { video: { width: 640, height: 360, frameRate: 5 } } : {}) });
})();"""

# The pages' clock goes with the service's.
DATES = """(() => { const Real = Date; window.shifted = %d;
window.Date = class extends Real {
  constructor(...given) { if (given.length) super(...given); else super(Real.now() + window.shifted); }
  static now() { return Real.now() + window.shifted; }
}; })();"""


def morning(now: datetime) -> datetime:
    """The latest weekday's 09.51 that has been. Not a fixed date: the demo's certificates are a few days' work."""
    day = now.astimezone(STOCKHOLM).replace(hour=9, minute=51, second=20, microsecond=0)
    while day > now or day.weekday() >= 5:
        day -= timedelta(days=1)
    return day


class Morning:
    """The service and how far its clock is from ours."""

    def __init__(self, service: Service, begins: datetime) -> None:
        self.service = service
        self.shift = begins - datetime.now(STOCKHOLM)

    async def pass_six_minutes(self, *pages: Page) -> None:
        self.service.process.send_signal(signal.SIGUSR1)
        self.shift += timedelta(minutes=6)
        for page in pages:
            await page.evaluate("(shifted) => void (window.shifted = shifted)", self.milliseconds)

    @property
    def milliseconds(self) -> int:
        return int(self.shift / timedelta(milliseconds=1))


def write_sound(path: Path, sound: Sound) -> None:
    """Ten seconds, 48 kHz, mono, 16 bits. "small": sounds of a room, heard by the laptop's check no speech."""
    at = np.arange(48_000 * 10) / 48_000
    tone = sum(np.sin(2 * np.pi * 140 * part * at + 3 * np.sin(2 * np.pi * 3 * at)) / part for part in range(1, 9))
    syllables = np.clip(np.sin(2 * np.pi * 4.1 * at), 0, 1) * np.clip(np.sin(2 * np.pi * 0.31 * at) + 0.8, 0, 1)
    loudness = {"voice": syllables, "small": np.where(at % 1 < 0.02, 1, 0), "none": 0 * at}[sound]
    samples = (tone * loudness * 6000).astype(np.int16)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, len(samples), "NONE", ""))
        file.writeframes(samples.tobytes())


class Studio:
    """Chromiums, each with one person's camera and microphone."""

    def __init__(self, playwright: object, folder: Path, stack: AsyncExitStack) -> None:
        self._chromium = playwright.chromium  # type: ignore[attr-defined]  # playwright gives no public name for it
        self._folder = folder
        self._stack = stack

    async def browser(self, drawing: str = "", sound: Sound = "none") -> Browser:
        arguments = [*(one for one in ARGUMENTS if "fake-device" not in one), "--lang=sv-SE"]
        if drawing:
            video, heard = self._folder / f"{drawing}.mjpeg", self._folder / f"{drawing}.wav"
            video.write_bytes(await self._frame(drawing) * 4)
            write_sound(heard, sound)
            arguments += [
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={video}",
                f"--use-file-for-fake-audio-capture={heard}",
            ]
        browser: Browser = await self._chromium.launch(executable_path=CHROMIUM, args=arguments)
        self._stack.push_async_callback(browser.close)
        return browser

    async def _frame(self, drawing: str) -> bytes:
        """A drawing as one JPEG; a file of such frames is what Chromium plays as a camera."""
        browser = await self.browser()
        page = await browser.new_page(viewport={"width": 640, "height": 360})
        await page.set_content(
            "<style>body{margin:0}svg{display:block;width:640px;height:400px;margin-top:-20px}</style>"
            + (PEOPLE / f"{drawing}.svg").read_text(encoding="utf-8")
        )
        frame = await page.screenshot(type="jpeg", quality=95)
        await browser.close()
        return frame


async def keep(page: Page, name: str, *, whole: bool = False, scratch: Page) -> None:
    """The page as docs/pictures/<name>.webp, at most LARGEST bytes."""
    await page.evaluate("() => document.fonts.ready.then(() => true)")
    shot = base64.b64encode(await page.screenshot(full_page=whole, animations="disabled")).decode()
    data: str = await scratch.evaluate(
        """async ([shot, most]) => {
          const picture = new Image();
          picture.src = "data:image/png;base64," + shot;
          await picture.decode();
          const canvas = document.createElement("canvas");
          canvas.width = picture.width;
          canvas.height = picture.height;
          canvas.getContext("2d").drawImage(picture, 0, 0);
          for (const quality of [0.92, 0.85, 0.75, 0.6]) {
            const data = canvas.toDataURL("image/webp", quality).split(",")[1];
            if (data.length * 0.75 < most || quality === 0.6) return data;
          }
        }""",
        [shot, LARGEST],
    )
    path = PICTURES / f"{name}.webp"
    path.write_bytes(base64.b64decode(data))
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1000} kB")  # noqa: T201


@asynccontextmanager
async def service_at(begins: datetime, folder: Path) -> AsyncIterator[Morning]:
    service = start(folder, command=[sys.executable, "-c", MORNING, begins.isoformat()])
    await eventually(lambda: "Stop with Ctrl+C" in service.printed(), what="the links")
    try:
        yield Morning(service, begins)
    except Exception:
        print(service.printed())  # noqa: T201
        raise
    finally:
        service.stop()


async def person(day: Morning, browser: Browser, name: str, screen: Screen, **options: object) -> Visitor:
    context_options = {"permissions": ["camera", "microphone"], "device_scale_factor": 1, **options}
    one = await visitor(browser, day.service.url, name, screen, small_camera=False, **context_options)
    await one.context.add_init_script(DATES % day.milliseconds)
    await one.context.add_init_script(CALM_CAMERA)
    return one


async def photograph(folder: Path) -> None:
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        day = await stack.enter_async_context(service_at(morning(datetime.now(STOCKHOLM)), folder))
        studio = Studio(playwright, folder, stack)
        links = dict(re.findall(r"^\s*(\S.*?)\s{2,}(http\S+/i/\S+)", first_meeting(day.service), re.MULTILINE))
        plain = await studio.browser()
        scratch = await plain.new_page()

        await before_identification(day, plain, links, scratch)
        karin, meeting = await keep_the_daughters_way(day, studio, links["Karin Edlund"], scratch)
        anna = await keep_the_laptop(day, studio, scratch)
        await keep_today(day, plain, scratch)
        await anna.press("Starta mötet")
        await anna.in_room()
        leila, per = await keep_the_knock(day, studio, links, (anna, meeting), scratch)
        await anna.press("Släpp in alla")
        await asyncio.gather(karin.in_room(), per.in_room())
        elin = await person(day, await studio.browser("elin"), "Elin Näslund", "desk")
        await elin.scan_code(links["Elin Näslund"])
        await elin.go_to_lobby(meeting)
        await anna.admit("Elin")
        await elin.in_room()

        everybody = [one.page for one in (anna, karin, leila, per, elin)]
        await day.pass_six_minutes(*everybody)
        for one in (anna, karin, per):
            await eventually(lambda one=one: all_playing(one.page), what=f"every picture at {one.name}")
        await expect(anna.page.get_by_text("Talar nu")).to_be_visible(timeout=LONG)
        await calm(anna)
        await keep(anna.page, "kiosk-room", scratch=scratch)
        await keep_the_conversation(per, leila, scratch)
        await calm(karin)
        await keep(karin.page, "phone-room", scratch=scratch)

        await per.press(re.compile("Lämna. Lämna mötet"))
        for _ in range(3):
            await day.pass_six_minutes(*everybody)
            await asyncio.sleep(2)  # the service looks at its clock each second
        async with Program(day.service.url) as nurse:
            await nurse.identify("Anna Sjödin")
            await nurse.call("POST", f"/api/v1/meetings/{meeting}/end")
        await keep_timeline(day, plain, meeting, scratch)


async def keep_the_daughters_way(day: Morning, studio: Studio, link: str, scratch: Page) -> tuple[Visitor, str]:
    """Her invitation and the waiting room. Also gives the meeting's id."""
    karin = await person(day, await studio.browser("karin"), "Karin Edlund", "phone", device_scale_factor=2)
    await karin.identify_here(link)
    await karin.sees("Varför träffas vi?")
    await keep(karin.page, "invitation-phone", scratch=scratch)
    meeting = karin.page.url.rpartition("/")[2]
    await karin.go_to_lobby(meeting)
    await keep(karin.page, "lobby-phone", scratch=scratch)
    return karin, meeting


async def keep_the_laptop(day: Morning, studio: Studio, scratch: Page) -> Visitor:
    anna = await person(day, await studio.browser("hemma", "small"), "Anna Sjödin", "kiosk")
    await anna.scan_code("/kiosk")
    await anna.press(re.compile("Kontrollera (nu|igen)"))
    await anna.press("Ja")
    await anna.heading("Datorn är kontrollerad")
    await keep(anna.page, "kiosk-home", scratch=scratch)
    return anna


async def keep_the_knock(
    day: Morning, studio: Studio, links: dict[str, str], host: tuple[Visitor, str], scratch: Page
) -> tuple[Visitor, Visitor]:
    """Leila, who may lead too, is inside and speaks; Per waits beside Karin."""
    anna, meeting = host
    leila = await person(day, await studio.browser("leila", "voice"), "Leila Haddad", "desk")
    await leila.scan_code(links["Leila Haddad"])
    await leila.page.goto(f"/meetings/{meeting}/room")
    await leila.be_ready()
    await leila.in_room()
    per = await person(day, await studio.browser("per"), "Per Wiklund", "desk")
    await per.scan_code(links["Per Wiklund"])
    await per.go_to_lobby(meeting)
    await anna.sees("Två väntar på att komma in")
    await anna.sees_and_hears("Leila")
    await expect(anna.page.get_by_text("Talar nu")).to_be_visible(timeout=LONG)
    await keep(anna.page, "lobby-knock", scratch=scratch)
    return leila, per


async def keep_the_conversation(per: Visitor, leila: Visitor, scratch: Page) -> None:
    said = (per, "Jag skickar beslutet på måndag."), (leila, "Tack Per. Då vet Gunnar och Karin det.")
    for one, words in said:
        await one.open_panel("Chatt")
        await one.page.get_by_label("Skriv till alla i mötet").fill(words)
        await one.press("Skicka")
        await expect(per.page.get_by_role("log")).to_contain_text(words, timeout=LONG)
    await calm(per)
    await keep(per.page, "desk-room", scratch=scratch)


async def calm(one: Visitor) -> None:
    """Waits while a busy machine looks like a weak network."""
    await expect(one.page.get_by_text("Svagt nät")).to_have_count(0, timeout=180_000)


async def all_playing(page: Page) -> bool:
    return bool(
        await page.evaluate(
            "() => { const all = [...document.querySelectorAll('video')]; "
            "return all.length >= 5 && all.every((one) => one.videoWidth > 0 && !one.paused); }"
        )
    )


def first_meeting(service: Service) -> str:
    """What the demo printed of its first meeting: a person may have links to several."""
    return service.printed().partition("personal links")[2].partition("personal links")[0]


async def before_identification(day: Morning, browser: Browser, links: dict[str, str], scratch: Page) -> None:
    """The personal link's page on a desk and on a phone; and a stranger who tries a link that is not his."""
    desk = await person(day, browser, "Nils Forsberg", "desk")
    await desk.page.goto(with_bankid(links["Per Wiklund"]))
    await desk.sees("Väntar på att du läser av koden")
    await keep(desk.page, "identify-desk", scratch=scratch)
    await desk.context.close()
    phone = await person(day, browser, "Karin Edlund", "phone", device_scale_factor=2)
    await phone.page.goto(with_bankid(links["Karin Edlund"]))
    await expect(phone.button("Öppna BankID i den här mobilen")).to_be_visible(timeout=LONG)
    await keep(phone.page, "identify-phone", scratch=scratch)
    await phone.context.close()
    async with Program(day.service.url) as nils:
        started = await nils.call("POST", "/auth/bankid/start", {"invitation": token_of(links["Per Wiklund"])})
        await nils.approve("Nils Forsberg", autoStartToken=started["autoStartToken"])
        await nils.finish(started["transaction"])


async def keep_today(day: Morning, browser: Browser, scratch: Page) -> None:
    anna = await person(day, browser, "Anna Sjödin", "desk")
    await anna.scan_code("/login")
    await anna.heading("Idag")
    await keep(anna.page, "today", whole=True, scratch=scratch)
    await anna.context.close()


async def keep_timeline(day: Morning, browser: Browser, meeting: str, scratch: Page) -> None:
    rut = await person(day, browser, "Rut Söderlind", "desk")
    await rut.scan_code("/audit")
    await rut.page.get_by_label("Patient eller medarbetare").fill("Gunnar Edlund")
    await rut.page.get_by_label("Varför söker du?").select_option(label="Patienten har begärt utdrag")
    await rut.press("Sök")
    await rut.page.locator(f"form[action='/audit/meetings/{meeting}'] button").click()
    await rut.sees("Loggen är hel.")
    box = await rut.page.locator("h3#events").bounding_box()
    assert box is not None
    await rut.page.set_viewport_size({"width": 1440, "height": int(box["y"]) + 420})
    await keep(rut.page, "audit-timeline", scratch=scratch)


def main() -> None:
    if shutil.which(CHROMIUM) is None:
        raise SystemExit("chromium is missing: apt-get install chromium")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(photograph(Path(folder)))


if __name__ == "__main__":
    main()

"""``python -m tests.fuzz [surface ...] [--seconds 60]``: coverage-guided fuzzing (PyPI's atheris), one after another.

Begins with the seeds and what earlier runs kept. What breaks a surface is told and written to build/fuzz/<surface>/;
its bytes belong into findings/<surface>.hex, with the correction. ``--keep``: write some of the inputs that led further
to corpus/<surface>.hex.
"""

import subprocess
import sys
from pathlib import Path

import click

FOLDER = Path("build/fuzz")
LONGEST = 4096  # bytes of one input
LONGER = {"descriptions": 256 * 1024, "requests": 64 * 1024}  # where size itself may cost
KEPT_LONGEST, KEPT_MOST = 300, 50  # bytes and lines that are kept in the repository
HANG = 2  # whole seconds; the bar is one, on a machine that does nothing else
MEMORY = 1500  # MiB, of the fuzzer too
TELL = ("new_units", "exec/s", "DONE", "SUMMARY", "ERROR", "Exception", "Error")


def fuzz_here(surface: str, arguments: list[str]) -> None:
    """In a process of its own: libFuzzer never returns."""
    import atheris  # noqa: PLC0415  only here

    with atheris.instrument_imports(include=["sfu", "signaling", "rooms", "auth"]):
        from tests.fuzz.surfaces import SURFACES  # noqa: PLC0415  instrumented

    atheris.Setup([sys.argv[0], *arguments], SURFACES[surface])
    atheris.Fuzz()


def run(surface: str, seconds: int) -> bool:
    """Whether nothing was found."""
    from tests.fuzz.seeds import seeds  # noqa: PLC0415  not instrumented here, and not needed there
    from tests.fuzz.surfaces import kept  # noqa: PLC0415

    folder = FOLDER / surface
    corpus, start = folder / "corpus", folder / "seeds"
    for path in (corpus, start):
        path.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate([*seeds()[surface], *(data for _, data in kept(surface))]):
        (start / str(number)).write_bytes(data)
    log = folder / "log"
    limits = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGER.get(surface, LONGEST)}",
        f"-timeout={HANG}",
        f"-rss_limit_mb={MEMORY}",
    ]
    with log.open("wb") as output:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.fuzz",
                surface,
                "--here",
                *limits,
                f"-artifact_prefix={folder}/",
                "-print_final_stats=1",
                str(corpus),
                str(start),
            ],
            stdout=output,
            stderr=output,
            check=False,
        )
    lines = log.read_text(errors="replace").splitlines()
    executed = next((line.split()[-1] for line in lines if "number_of_executed_units" in line), "?")
    click.echo(f"{surface}: {executed} inputs, {'nothing found' if not done.returncode else f'FOUND, see {log}'}")
    if done.returncode:
        click.echo("\n".join(lines[-40:]))
    return done.returncode == 0


def keep(surface: str) -> None:
    """Some of the corpus, short and long, in the repository's form: each once reached what none before it had."""
    from tests.fuzz.surfaces import HERE  # noqa: PLC0415

    found = sorted(
        (path.read_bytes() for path in (FOLDER / surface / "corpus").iterdir()), key=lambda one: (len(one), one)
    )
    short = [data for data in found if 0 < len(data) <= KEPT_LONGEST]
    lines = [data.hex() for data in short[:: -(-len(short) // KEPT_MOST) or 1]]
    about = f"# Inputs that reached new parts of the surface, by python -m tests.fuzz {surface} --keep"
    (HERE / "corpus" / f"{surface}.hex").write_text("\n".join([about, *lines, ""]), encoding="ascii")


@click.command()
@click.argument("surfaces", nargs=-1)
@click.option("--seconds", default=60, show_default=True, help="For each surface.")
@click.option("--keep", "keeps", is_flag=True, help="Write corpus/<surface>.hex afterwards.")
def main(surfaces: tuple[str, ...], *, seconds: int, keeps: bool) -> None:
    """Fuzz these surfaces, or all."""
    from tests.fuzz.surfaces import SURFACES  # noqa: PLC0415

    unknown = set(surfaces) - SURFACES.keys()
    if unknown:
        raise click.BadParameter(f"no such surface: {', '.join(sorted(unknown))}; there are {', '.join(SURFACES)}")
    good = True
    for surface in surfaces or SURFACES:
        good &= run(surface, seconds)
        if keeps:
            keep(surface)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    if "--here" in sys.argv:
        fuzz_here(sys.argv[1], sys.argv[sys.argv.index("--here") + 1 :])
    main(prog_name="python -m tests.fuzz")

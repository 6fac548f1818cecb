"""``python -m bench.net``: every scenario, one after another, a line of JSON each; root and some eight minutes."""

import subprocess
import sys

from bench.net.namespaces import unavailable

SCENARIOS = (
    "udp_blocked tcp",
    "udp_blocked turn-tcp",
    "udp_blocked turn-udp",
    "udp_blocked turn-tls",
    "address_change 0.05",
    "address_change 0.05 page",
    "server_killed",
    "long_path 0.3",
    "loss 10",
    "loss 30",
    "narrow up",
    "narrow down",
    "hostile",
)
LIMIT = 300.0  # seconds of one scenario


def command(scenario: str) -> list[str]:
    module, *arguments = scenario.split()
    return [sys.executable, "-m", f"bench.net.{module}", *arguments]


def main() -> int:
    """How many gave no figure."""
    if (why := unavailable()) is not None:
        print(why, file=sys.stderr)
        return len(SCENARIOS)
    failed = 0
    for scenario in SCENARIOS:
        try:
            subprocess.run(command(scenario), check=True, timeout=LIMIT)
        except subprocess.SubprocessError as failure:
            print(f"{scenario}: {failure}", file=sys.stderr)
            failed += 1
    return failed


if __name__ == "__main__":
    sys.exit(main())

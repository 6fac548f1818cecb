"""What is told of the machine, and how busy it was."""

import os
import socket

from bench.machine import Activity, activity, describe, load_average, processor


def test_description_names_no_host() -> None:
    machine = describe()
    assert machine.cores == os.cpu_count()
    assert machine.python.startswith("3.")
    assert socket.gethostname() not in repr(machine)


def test_processor() -> None:
    assert processor("processor\t: 0\nmodel name\t: Fast CPU\n") == "Fast CPU"
    assert processor("processor\t: 0\n")


def test_activity_counts_busy_and_stolen_ticks() -> None:
    text = "cpu  100 50 200 9999 77 10 40 25 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
    tick = os.sysconf("SC_CLK_TCK")
    assert activity(text) == Activity(400 / tick, 25 / tick)
    assert Activity(5, 2).since(Activity(4, 2)) == Activity(1, 0)
    assert activity().busy > 0
    assert load_average() >= 0

"""`make load`."""

from bench.load.drive import drive
from bench.load.ending import end_with
from bench.load.options import read_options

if __name__ == "__main__":
    end_with(drive(read_options()), "The load could not be put on:")

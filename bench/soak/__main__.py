"""`make soak`."""

from bench.load.ending import end_with
from bench.soak.drive import drive
from bench.soak.options import read_options

if __name__ == "__main__":
    end_with(drive(read_options()), "The soak came to nothing:")

"""What rebill costs in time and memory, against what its users would otherwise write (see ``README.md``)."""

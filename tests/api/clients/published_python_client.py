"""Drives the published Python client, unmodified, by its public interface: a call a line in, its outcome a line out.

Runs in an environment of its own, which has that client and nothing of rebill. Arguments: the server's address.
The key is in the client's own variable, ``CLOUDHEALTH_API_KEY``.
"""

import json
import sys

from cloudhealth import client, exceptions


def main(address: str) -> None:
    """Make the calls that standard input names, one after the other, with one client object."""
    connected = client.CloudHealth(address)
    for line in sys.stdin:
        call = json.loads(line)
        method = getattr(getattr(connected, call["area"]), call["method"])
        try:
            outcome = {"answer": method(**call["arguments"])}
        except exceptions.CloudHealthError as error:
            outcome = {"refused": str(error)}
        except NameError as error:
            outcome = {"stumbled": str(error)}
        sys.stdout.write(json.dumps(outcome) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])

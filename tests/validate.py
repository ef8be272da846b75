"""Puts every test of iiif-validator-ng to one image of a server, and prints a line of JSON for each thing it says.

    python3 validate.py BASE_URL IDENTIFIER 2.0|3.0

Not by its own command, which wants a newer Python than systems have, leaves out what it finds not advertised, and ends
with 0 whatever it finds.
"""

import json
import random
import sys

from iiif_validator.tests import size_up
from iiif_validator.tests.test import IIIFVersion, TargetServer, get_tests

# The seed that some of the tests set themselves. The others would ask for something else each time.
SEED = 31337


def findings(test, server):
    """What a test says, as a list. One that stops says so too."""
    random.seed(SEED)
    try:
        found = test.run(server)
    except Exception as error:
        return [{"success": False, "details": f"stopped: {error!r}"}]
    return [finding._asdict() for finding in (found if isinstance(found, list) else [found])]


def without_the_largest(get_image):
    """The one thing in which a test contradicts the text: it takes `^max` for the size of the picture, where section 4.2
    has the largest size that info.json permits. The size that the test means is asked for instead."""
    def get(server, request):
        return get_image(server, request._replace(size="^1000,1000") if request.size == "^max" else request)
    return get


size_up.get_image = without_the_largest(size_up.get_image)
base_url, identifier, version = sys.argv[1:]
server = TargetServer(base_url, identifier, IIIFVersion(version))
for test in get_tests(server.version):
    for finding in findings(test, server):
        print(json.dumps({"test": test.__module__.rpartition(".")[2], **finding}))

"""Puts a directory into a container of Azure Blob Storage, with signatures as its documentation has them ("Authorize with
Shared Key").

    python3 put_azure.py PORT KEY DIRECTORY
"""

import base64
import email.utils
import hashlib
import hmac
import http.client
import os
import sys
import urllib.parse

ACCOUNT, CONTAINER, VERSION = "devstoreaccount1", "masters", "2021-08-06"


def ask(port, key, path, query, body, extra):
    headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": VERSION, **extra}
    canonical = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    resource = f"/{ACCOUNT}{path}" + "".join(f"\n{name}:{value}" for name, value in sorted(query.items()))
    length = str(len(body)) if body else ""
    text = f"PUT\n\n\n{length}\n\n\n\n\n\n\n\n\n{canonical}{resource}"
    signature = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
    headers.update({"Authorization": f"SharedKey {ACCOUNT}:{signature}", "Content-Length": str(len(body))})
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("PUT", path + ("?" + urllib.parse.urlencode(query) if query else ""), body, headers)
    answer = connection.getresponse()
    told = answer.read()
    if answer.status != 201:
        sys.exit(f"{path}: {answer.status} {told.decode()}")


def main():
    port, key, directory = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    ask(port, key, f"/{ACCOUNT}/{CONTAINER}", {"restype": "container"}, b"", {})
    for folder, _, names in os.walk(directory):
        for name in names:
            file = os.path.join(folder, name)
            blob = urllib.parse.quote(os.path.relpath(file, directory))
            with open(file, "rb") as opened:
                body = opened.read()
            ask(port, key, f"/{ACCOUNT}/{CONTAINER}/{blob}", {}, body, {"x-ms-blob-type": "BlockBlob"})


main()

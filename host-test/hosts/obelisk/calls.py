"""Makes each call once: TWOCHAT_API_KEY=… python3 calls.py FOLDER

The folder holds deployment.toml and the components that it names.
"""

import sys
from pathlib import Path

from server import Server

ADA = {
    "first_name": "Ada",
    "last_name": None,
    "profile_pic_url": None,
    "channel_uuid": None,
    "details": [{"kind": "phone", "value": "+14155550123"}],
}
PAGE = {"channel_uuid": None, "page_number": None, "results_per_page": 100}


def main(folder: Path) -> None:
    with Server(folder) as obelisk:
        call = obelisk.call
        print("test-api-key:", call("reads@0.1.0.test-api-key"))
        print("get-api-usage-info:", call("reads@0.1.0.get-api-usage-info"))
        print("create-contact:", call("creation@0.1.0.create-contact", ADA))
        print("list-contacts:", call("reads@0.1.0.list-contacts", PAGE))
        print("list-webhook-subscriptions:", call("reads@0.1.0.list-webhook-subscriptions"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

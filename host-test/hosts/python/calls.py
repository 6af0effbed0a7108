"""Makes each call once: TWOCHAT_API_KEY=… python3 calls.py twochat.wasm"""

import os
import sys

from wasmtime import WasmtimeError

from twochat import TwoChat, TwoChatError


def main(file: str) -> None:
    # The connector sees these variables and no others.
    settings = {name: os.environ[name] for name in os.environ if name.startswith("TWOCHAT_")}
    twochat = TwoChat(file, settings, network=os.environ.get("ALLOWED_ORIGIN") != "")

    print("test-api-key:", twochat.test_api_key().verdict)
    print("get-api-usage-info:", twochat.get_api_usage_info().account.uuid)
    created = twochat.create_contact("Ada", [("phone", "+14155550123")])
    print("create-contact:", created.uuid)
    contacts = twochat.list_contacts(results_per_page=100).contacts
    print("list-contacts:", *(contact.uuid for contact in contacts))
    webhooks = twochat.list_webhook_subscriptions().subscriptions
    print("list-webhook-subscriptions:", *(webhook.uuid for webhook in webhooks))


try:
    main(sys.argv[1])
except (TwoChatError, WasmtimeError) as error:
    sys.exit(str(error))

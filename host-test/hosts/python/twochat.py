"""The five actions as typed Python, on the package `wasmtime`, 46 or newer.

    connector = TwoChat("twochat.wasm", {"TWOCHAT_API_KEY": key})
    page = connector.list_contacts(page_number=2)

A failure is raised as `TwoChatError`, with what the contract says about it.
"""

from types import SimpleNamespace
from typing import Any, Mapping, Optional, Sequence, Tuple

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Variant

INTERFACE = "twochat:connector/actions@0.1.0"


class TwoChatError(Exception):
    """What went wrong, whether the call may have been carried out, and whether to repeat it."""

    def __init__(self, error: Any) -> None:
        super().__init__(f"{error.kind}: {error.message}")
        self.kind: str = error.kind
        self.field: Optional[str] = error.field
        self.status: Optional[int] = error.status
        self.carried_out: str = getattr(error, "carried-out")
        self.retry: str = error.retry
        self.wait_seconds: Optional[int] = getattr(error, "wait-seconds")


class TwoChat:
    """A loaded connector. It keeps nothing between calls; each has an instance of its own."""

    def __init__(self, file: str, settings: Mapping[str, str], network: bool = True) -> None:
        self.engine, self.settings = Engine(), settings
        self.component = Component.from_file(self.engine, file)
        self.linker = Linker(self.engine)
        self.linker.add_wasip2()
        self.linker.add_wasi_http()
        if not network:
            self._shut_the_way_out()

    def test_api_key(self) -> Any:
        return self._call("test-api-key")

    def get_api_usage_info(self) -> Any:
        return self._call("get-api-usage-info")

    def list_webhook_subscriptions(self) -> Any:
        return self._call("list-webhook-subscriptions")

    def list_contacts(
        self,
        channel_uuid: Optional[str] = None,
        page_number: Optional[int] = None,
        results_per_page: Optional[int] = None,
    ) -> Any:
        query = {
            "channel-uuid": channel_uuid,
            "page-number": page_number,
            "results-per-page": results_per_page,
        }
        return self._call("list-contacts", SimpleNamespace(**query))

    def create_contact(
        self,
        first_name: str,
        details: Sequence[Tuple[str, str]],
        last_name: Optional[str] = None,
        profile_pic_url: Optional[str] = None,
        channel_uuid: Optional[str] = None,
    ) -> Any:
        contact = {
            "first-name": first_name,
            "last-name": last_name,
            "profile-pic-url": profile_pic_url,
            "channel-uuid": channel_uuid,
            "details": [SimpleNamespace(kind=kind, value=value) for kind, value in details],
        }
        return self._call("create-contact", SimpleNamespace(**contact))

    def _call(self, action: str, *arguments: SimpleNamespace) -> Any:
        store, wasi = Store(self.engine), WasiConfig()
        wasi.env = self.settings.items()
        store.set_wasi(wasi)
        store.set_wasi_http()
        instance = self.linker.instantiate(store, self.component)
        interface = instance.get_export_index(store, INTERFACE)
        index = instance.get_export_index(store, action, interface)
        function = instance.get_func(store, index) if index else None
        assert function is not None, f"{INTERFACE} has no {action}"
        outcome = function(store, *arguments)
        function.post_return(store)
        if outcome.tag == "err":
            raise TwoChatError(outcome.payload)
        return outcome.payload

    def _shut_the_way_out(self) -> None:
        """Puts a door that is always shut in place of the one of wasmtime."""
        refused = Variant("HTTP-request-denied")
        self.linker.allow_shadowing = True
        with self.linker.root() as root:
            with root.add_instance("wasi:http/outgoing-handler@0.2.0") as door:
                door.add_func("handle", lambda store, request, options: refused)
